"""Tallies against figures computed by hand, and against counting each vote by itself."""

from __future__ import annotations

import json
import random
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from assistant.records import (
    CHOICES,
    CRITERIA,
    KINDS,
    Contender,
    ContenderKind,
    CountedVote,
    Decoding,
    Vote,
)
from assistant.tallies import MeanMark, Score, Standing, Tally, tally, wilson_interval

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def _contender(kind: ContenderKind, run: str | None = None) -> Contender:
    return Contender(kind, "a1", "builtin", run, None, None, None, "cd" * 32, Decoding())


def _vote(left: Contender, right: Contender, choice: Any, **changes: Any) -> CountedVote:
    plain = Vote("m1", "ann", choice, True, NOON)
    return CountedVote(replace(plain, **changes), left, right, "How much?")


BASE, RAG, TUNED, COMBINED = (_contender(kind) for kind in KINDS)


def _counts(standing: Standing) -> tuple[int, int, int, int, int]:
    score = standing.score
    return score.n, score.wins, score.losses, score.ties, score.both_bad


def _named(standings: tuple[Standing, ...]) -> dict[tuple[str, str | None], Standing]:
    return {(standing.contender, standing.against): standing for standing in standings}


@pytest.mark.parametrize(
    ("wins", "n", "low", "high"),
    [
        (7, 10, 0.3968, 0.8922),  # by hand: (.7 + .19207 ± 1.95996 √(.021 + .0096037)) / 1.384146
        (3, 10, 0.1078, 0.6032),
        (0, 5, 0.0, 0.4345),
        (5, 5, 0.5655, 1.0),
        (81, 263, 0.2553, 0.3662),  # Newcombe, Statistics in Medicine 17 (1998), table I
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (0.5, 1, 0.0546, 0.9454),
    ],
)
def test_wilson_interval(wins: float, n: int, low: float, high: float) -> None:
    assert wilson_interval(wins, n) == (
        pytest.approx(low, abs=5e-5),
        pytest.approx(high, abs=5e-5),
    )


@pytest.mark.parametrize(("wins", "n"), [(0, 0), (-1, 5), (6, 5)])
def test_no_interval_of_what_is_no_proportion(wins: float, n: int) -> None:
    with pytest.raises(ValueError, match="no proportion"):
        wilson_interval(wins, n)


def test_no_votes() -> None:
    counted = tally([])
    assert counted.blind == counted.open == Tally(0, (), (), (), ())
    assert counted.rows() == counted.version_rows() == []


def test_a_pair_is_counted_from_either_side() -> None:
    votes = [
        _vote(RAG, TUNED, "left"),
        _vote(TUNED, RAG, "right"),
        _vote(RAG, TUNED, "right"),
        _vote(TUNED, RAG, "tie"),
        _vote(RAG, TUNED, "both_bad"),
    ]
    blind = tally(votes).blind
    (pair,) = blind.pairs
    assert (pair.contender, pair.against) == ("rag", "tuned")
    # 2 wins, 1 loss, two halves: 3 of 5
    assert _counts(pair) == (5, 2, 1, 1, 1)
    assert pair.score.win_rate == pytest.approx(0.6)
    assert (pair.score.low, pair.score.high) == wilson_interval(3, 5)
    contenders = _named(blind.contenders)
    assert set(contenders) == {("rag", None), ("tuned", None)}
    assert _counts(contenders["rag", None]) == (5, 2, 1, 1, 1)
    assert _counts(contenders["tuned", None]) == (5, 1, 2, 1, 1)
    assert contenders["tuned", None].score.win_rate == pytest.approx(0.4)


def test_against_all_is_the_sum_of_the_pairs() -> None:
    votes = [
        _vote(BASE, RAG, "right"),
        _vote(RAG, TUNED, "left"),
        _vote(COMBINED, RAG, "left"),
        _vote(TUNED, BASE, "both_bad"),
    ]
    blind = tally(votes).blind
    assert {key: _counts(pair) for key, pair in _named(blind.pairs).items()} == {
        ("base", "rag"): (1, 0, 1, 0, 0),
        ("base", "tuned"): (1, 0, 0, 0, 1),
        ("rag", "tuned"): (1, 1, 0, 0, 0),
        ("rag", "tuned+rag"): (1, 0, 1, 0, 0),
    }
    assert {standing.contender: _counts(standing) for standing in blind.contenders} == {
        "base": (2, 0, 1, 0, 1),
        "rag": (3, 2, 1, 0, 0),
        "tuned": (2, 0, 1, 0, 1),
        "tuned+rag": (1, 1, 0, 0, 0),
    }


def test_blind_and_open_votes_are_apart() -> None:
    votes = [_vote(RAG, TUNED, "left"), _vote(RAG, TUNED, "right", blind=False)]
    counted = tally(votes)
    assert (counted.blind.n, counted.open.n) == (1, 1)
    assert _counts(counted.blind.pairs[0]) == (1, 1, 0, 0, 0)
    assert _counts(counted.open.pairs[0]) == (1, 0, 1, 0, 0)


def test_versions_of_one_kind_are_told_apart() -> None:
    first, second = _contender("tuned", "r1"), _contender("tuned", "r2")
    votes = [
        _vote(RAG, first, "left"),
        _vote(RAG, second, "right"),
        _vote(second, first, "left"),
        _vote(first, first, "left", marks={"left": {"accuracy": 2}, "right": {"accuracy": 4}}),
    ]
    blind = tally(votes).blind
    assert blind.n == 4
    kinds = _named(blind.contenders)
    assert _counts(kinds["tuned", None]) == (2, 1, 1, 0, 0)
    assert kinds["tuned", None].marks == (MeanMark("accuracy", 3.0, 2),)
    assert list(_named(blind.pairs)) == [("rag", "tuned")]
    versions = _named(blind.versions)
    assert set(versions) == {(version.id, None) for version in (RAG, first, second)}
    assert _counts(versions[first.id, None]) == (2, 0, 2, 0, 0)
    assert _counts(versions[second.id, None]) == (2, 2, 0, 0, 0)
    pairs = _named(blind.version_pairs)
    assert _counts(pairs[RAG.id, first.id]) == (1, 1, 0, 0, 0)
    assert _counts(pairs[RAG.id, second.id]) == (1, 0, 1, 0, 0)
    (between,) = [pair for key, pair in pairs.items() if RAG.id not in key]
    assert {between.contender, between.against} == {first.id, second.id}
    assert (between.kind, between.against_kind) == ("tuned", "tuned")


def test_votes_on_one_version_alone_have_no_rate() -> None:
    blind = tally([_vote(RAG, RAG, "left", marks={"left": {"accuracy": 5}})]).blind
    (standing,) = blind.contenders
    assert standing.score == Score(0, 0, 0, 0, 0, None, None, None)
    assert standing.marks == (MeanMark("accuracy", 5.0, 1),)
    assert blind.pairs == blind.version_pairs == ()


def test_marks_are_averaged_by_criterion_and_follow_the_contender() -> None:
    votes = [
        _vote(RAG, TUNED, "left", marks={"left": {"accuracy": 5}, "right": {"accuracy": 2}}),
        _vote(TUNED, RAG, "right", marks={"right": {"accuracy": 4, "creativity": 1}}),
        _vote(BASE, RAG, "left", marks={"right": {"accuracy": 3}}),
    ]
    blind = tally(votes).blind
    rag = _named(blind.contenders)["rag", None]
    assert rag.marks == (MeanMark("accuracy", 4.0, 3), MeanMark("creativity", 1.0, 1))
    pair = _named(blind.pairs)["rag", "tuned"]
    assert pair.marks == (MeanMark("accuracy", 4.5, 2), MeanMark("creativity", 1.0, 1))
    assert pair.against_marks == (MeanMark("accuracy", 2.0, 1),)


def test_days_are_cumulative_and_of_utc() -> None:
    east = datetime(2026, 3, 6, 1, 0, tzinfo=UTC).astimezone()
    votes = [
        _vote(RAG, TUNED, "right", created_at=east),
        _vote(RAG, TUNED, "left"),
        _vote(RAG, TUNED, "left", created_at=NOON + timedelta(hours=11)),
        _vote(RAG, TUNED, "tie", created_at=NOON + timedelta(hours=12)),
    ]
    (pair,) = tally(votes).blind.pairs
    assert [(day.day, day.score.n, day.score.win_rate) for day in pair.days] == [
        ("2026-03-04", 2, 1.0),
        ("2026-03-05", 3, pytest.approx(2.5 / 3)),
        ("2026-03-06", 4, pytest.approx(2.5 / 4)),
    ]
    assert pair.days[-1].score == pair.score


def test_rows_are_of_one_shape_and_in_one_order() -> None:
    marks = {"left": {"accuracy": 5}}
    votes = [
        _vote(TUNED, BASE, "left", marks=marks),
        _vote(RAG, BASE, "tie", blind=False),
    ]
    counted = tally(votes)
    rows = counted.rows()
    assert [(row["votes"], row["contender"], row["against"]) for row in rows] == [
        ("blind", "base", "all"),
        ("blind", "tuned", "all"),
        ("blind", "base", "tuned"),
        ("open", "base", "all"),
        ("open", "rag", "all"),
        ("open", "base", "rag"),
    ]
    assert {tuple(row) for row in rows} == {tuple(rows[0])}
    assert rows[1] == {
        "votes": "blind",
        "contender": "tuned",
        "against": "all",
        "n": 1,
        "wins": 1,
        "losses": 0,
        "ties": 0,
        "both_bad": 0,
        "win_rate": 1.0,
        "low": pytest.approx(0.2065, abs=5e-5),
        "high": 1.0,
        "relevance": None,
        "accuracy": 5.0,
        "coherence": None,
        "creativity": None,
    }
    versions = counted.version_rows()
    assert {(row["contender"], row["kind"], row["against_kind"]) for row in versions} == {
        (BASE.id, "base", "all"),
        (RAG.id, "rag", "all"),
        (TUNED.id, "tuned", "all"),
        (BASE.id, "base", "tuned"),
        (BASE.id, "base", "rag"),
    }
    json.dumps(asdict(counted))


@pytest.fixture(params=range(5))
def many(request: pytest.FixtureRequest) -> list[CountedVote]:
    """Some 200 votes at random: sides, choices, marks, days, blind or open."""
    draw = random.Random(request.param)
    contenders = [BASE, RAG, TUNED, COMBINED, _contender("tuned", "r1"), _contender("tuned", "r2")]

    def one() -> CountedVote:
        left, right = draw.choice(contenders), draw.choice(contenders)
        marks = {
            side: {criterion: draw.randint(1, 5) for criterion in draw.sample(CRITERIA, 2)}
            for side in draw.sample(["left", "right"], draw.randint(0, 2))
        }
        when = NOON + timedelta(hours=draw.randrange(240))
        blind = draw.random() < 0.7
        choice = draw.choice(CHOICES)
        return _vote(left, right, choice, marks=marks, created_at=when, blind=blind)

    return [one() for _ in range(draw.randint(150, 250))]


def test_every_vote_is_counted_once_in_its_pair(many: list[CountedVote]) -> None:
    counted = tally(many)
    for blind, own in ((True, counted.blind), (False, counted.open)):
        votes = [vote for vote in many if vote.vote.blind is blind]
        across = [vote for vote in votes if vote.left.kind != vote.right.kind]
        assert own.n == len(votes)
        assert sum(pair.score.n for pair in own.pairs) == len(across)
        assert sum(each.score.n for each in own.contenders) == 2 * len(across)
        assert sum(pair.score.n for pair in own.version_pairs) == sum(
            vote.left != vote.right for vote in votes
        )
        wins = sum(each.score.wins for each in own.contenders)
        assert wins == sum(each.score.losses for each in own.contenders)
        assert wins == sum(vote.vote.choice in ("left", "right") for vote in across)


def _each(counted: Tally) -> list[Standing]:
    return [*counted.contenders, *counted.pairs, *counted.versions, *counted.version_pairs]


def test_scores_hold_together(many: list[CountedVote]) -> None:
    for standing in _each(tally(many).blind):
        score = standing.score
        assert score.n == score.wins + score.losses + score.ties + score.both_bad
        assert score.win_rate is not None and score.low is not None and score.high is not None
        assert 0 <= score.low <= score.win_rate <= score.high <= 1
        assert all(1 <= mark.mean <= 5 and mark.n > 0 for mark in standing.marks)
        assert standing.days[-1].score == score
        assert all(a.day < b.day and a.score.n < b.score.n for a, b in pairwise(standing.days))


def _swapped(counted: CountedVote) -> CountedVote:
    """The same judgement with the sides the other way round."""
    other = {"left": "right", "right": "left", "tie": "tie", "both_bad": "both_bad"}
    return _vote(
        counted.right,
        counted.left,
        other[counted.vote.choice],
        marks={other[side]: own for side, own in counted.vote.marks.items()},
        created_at=counted.vote.created_at,
        blind=counted.vote.blind,
    )


def test_sides_and_order_make_no_difference(many: list[CountedVote]) -> None:
    swapped = [_swapped(counted) for counted in many]
    shuffled = random.Random(1).sample(many, len(many))
    expected = tally(many)
    assert tally(swapped).rows() == expected.rows()
    assert tally(shuffled).rows() == expected.rows()
    assert tally(swapped).blind.pairs == expected.blind.pairs


def test_rates_equal_the_count_of_each_vote_by_itself(many: list[CountedVote]) -> None:
    points: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for counted in many:
        if counted.vote.blind and counted.left.kind != counted.right.kind:
            won = {"left": 1.0, "right": 0.0}.get(counted.vote.choice, 0.5)
            points[counted.left.kind].append(won)
            points[counted.right.kind].append(1 - won)
    for standing in tally(many).blind.contenders:
        own = points[standing.kind]
        assert standing.score.win_rate == pytest.approx(sum(own) / len(own))
