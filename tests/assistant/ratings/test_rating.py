"""Ratings against published figures, and what becomes of records that say little."""

from __future__ import annotations

import csv
import json
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from assistant.errors import InvalidRequest
from assistant.ratings.bootstrap import bootstrap, tail_share
from assistant.ratings.bradley_terry import fit
from assistant.ratings.comparisons import (
    BOTH_BAD,
    FIRST,
    SECOND,
    TIE,
    Comparisons,
    comparisons,
    pair_counts,
)
from assistant.ratings.elo import elo_ratings, expected_score
from assistant.ratings.rating import MOST_CONTENDERS, alpha_of_pair, rate
from assistant.ratings.records import RatingSettings
from assistant.ratings.sentences import sentences
from assistant.ratings.sequence import confidence_sequence
from assistant.ratings.vote_file import read_votes

VOTES = Path(__file__).resolve().parents[4] / "shared" / "data" / "votes"
needs_votes = pytest.mark.skipif(not VOTES.is_dir(), reason=f"no {VOTES}")

# Row beats column, as in Wikipedia's article on the Bradley-Terry model.
TWENTY_TWO_GAMES = [[0, 2, 0, 1], [3, 0, 5, 0], [0, 3, 0, 1], [4, 0, 3, 0]]
PLAIN = RatingSettings(prior=0, bootstrap=0)


def games(wins: list[list[int]], names: str = "ABCDEFGH") -> Comparisons:
    rows = [
        (winner, loser, FIRST)
        for winner, row in enumerate(wins)
        for loser, count in enumerate(row)
        for _ in range(count)
    ]
    return comparisons(names[: len(wins)], rows)


def record(wins: int, losses: int, ties: int = 0, both_bad: int = 0) -> Comparisons:
    outcomes = [FIRST] * wins + [SECOND] * losses + [TIE] * ties + [BOTH_BAD] * both_bad
    return comparisons("AB", [(0, 1, outcome) for outcome in outcomes])


def test_the_twenty_two_games() -> None:
    rated = rate(games(TWENTY_TWO_GAMES), PLAIN)
    ratings = {one.contender: one.rating for one in rated.ratings}
    expected = {"A": 922.427, "B": 1007.366, "C": 927.768, "D": 1142.439}
    assert ratings == pytest.approx(expected, abs=0.001)
    strengths = {one.contender: np.exp(one.log_strength) for one in rated.ratings}
    known = {"A": 0.640, "B": 1.043, "C": 0.660, "D": 2.270}
    assert strengths == pytest.approx(known, abs=0.0005)
    assert [one.contender for one in rated.ratings] == ["D", "B", "C", "A"]


def test_seven_to_three() -> None:
    first, second = rate(record(7, 3), PLAIN).ratings
    assert first.rating is not None and second.rating is not None
    assert first.rating - second.rating == pytest.approx(147.1907, abs=1e-4)


def test_ties_and_both_bads_are_halves() -> None:
    halves = rate(record(6, 2, ties=1, both_bad=1), PLAIN).ratings
    whole = rate(record(7, 3), PLAIN).ratings
    assert [one.rating for one in halves] == pytest.approx([one.rating for one in whole])


def test_five_to_nothing_is_neither_thousands_nor_significant() -> None:
    rated = rate(record(5, 0))
    first, second = rated.ratings
    assert (first.rating, second.rating) == pytest.approx((1208.28, 791.72), abs=0.01)
    assert (first.rank, second.rank) == (1, 1)  # the intervals overlap
    assert first.low is not None and first.high is not None and first.high - first.low > 100
    (pair,) = rated.pairs
    assert pair.p_value == 0.0625 and pair.winner is None
    plain = rate(record(5, 0), RatingSettings(prior=0))
    assert {one.rating for one in plain.ratings} == {None}
    assert "would grow without end" in " ".join(sentences(plain))


def test_of_many_equal_contenders_a_winner_is_seldom_named() -> None:
    pairs = list(combinations(range(4), 2))
    runs, votes = 1_000, 80  # of each pair, looked at after each
    met = comparisons("ABCD", [(one, other, FIRST) for one, other in pairs])
    alpha = alpha_of_pair(pair_counts(met))
    flips = np.random.default_rng(20261122).random((runs, len(pairs), votes)) < 0.5
    wins = flips.cumsum(axis=2)
    low, high = confidence_sequence(wins, np.arange(1, votes + 1) - wins, alpha)
    named = ((low > 0.5) | (high < 0.5)).any(axis=(1, 2))
    assert 0.005 < named.mean() <= 0.05
    low, high = confidence_sequence(wins, np.arange(1, votes + 1) - wins)
    assert ((low > 0.5) | (high < 0.5)).any(axis=(1, 2)).mean() > 0.08  # each pair by itself


def test_a_third_contender_asks_for_more_evidence() -> None:
    assert alpha_of_pair(pair_counts(record(3, 1))) == 0.05
    assert rate(record(8, 0)).pairs[0].winner == "A"
    three = rate(games([[0, 8, 0], [0, 0, 1], [0, 0, 0]]))
    pair = three.pair("A", "B")
    assert pair is not None and pair.winner is None and pair.more_needed


def test_elo_in_a_batch_and_in_sequence() -> None:
    # A player of 1613 loses to 1609, draws with 1477, beats 1388 and 1586, loses to 1720.
    others = [1609.0, 1477.0, 1388.0, 1586.0, 1720.0]
    scores = [0.0, 0.5, 1.0, 1.0, 0.0]
    batch = 1613 + 32 * (sum(scores) - sum(expected_score(1613, other) for other in others))
    assert batch == pytest.approx(1601.27, abs=0.005)
    own = 1613.0
    for other, score in zip(others, scores, strict=True):
        outcome = {0.0: SECOND, 0.5: TIE, 1.0: FIRST}[score]
        game = comparisons("AB", [(0, 1, outcome)])
        # Elo's ratings know only differences: shift the two so that both begin at their mean.
        own += 32 * (score - expected_score(own, other))
        assert elo_ratings(game)[0] == pytest.approx(1000 + 32 * (score - 0.5))
    assert own == pytest.approx(1603.19, abs=0.005)


@needs_votes
def test_the_published_elo_of_design_evaluations() -> None:
    held = read_votes(VOTES / "nxd_design_evals" / "battles.csv")
    rated = rate(held, RatingSettings(method="elo"))
    assert {one.contender: round(one.rating or 0, 1) for one in rated.ratings} == {
        "claude": 1398.8,
        "claude-opus": 1158.5,
        "nexdoc-design": 806.5,
        "GPT": 636.2,
    }
    assert len(held) == 720 and {one.low for one in rated.ratings} == {None}


@needs_votes
def test_agrestis_baseball(tmp_path: Path) -> None:
    path = tmp_path / "games.csv"
    with (VOTES / "baseball" / "baseball.csv").open() as text, path.open("w") as out:
        out.write("model_a,model_b,winner\n")
        for row in csv.DictReader(text):
            line = f"{row['home_team']},{row['away_team']},"
            out.write(f"{line}model_a\n" * int(row["home_wins"]))
            out.write(f"{line}{row['away_team'].upper()}\n" * int(row["away_wins"]))
    held = read_votes(path)
    strengths = {one.contender: one.log_strength for one in rate(held, PLAIN).ratings}
    baltimore = strengths["Baltimore"]
    assert baltimore is not None
    known = {
        "Cleveland": 0.68,
        "Boston": 1.11,
        "New York": 1.25,
        "Toronto": 1.29,
        "Detroit": 1.44,
        "Milwaukee": 1.58,
    }
    found = {team: (strengths[team] or 0) - baltimore for team in known}
    assert found == pytest.approx(known, abs=0.01)


def test_the_maximum_is_one() -> None:
    """At the maximum each contender scores what its chances say."""
    wins = np.random.default_rng(0).integers(1, 40, (3, 7, 7)) * (1 - np.eye(7))
    strengths = fit(wins.astype(np.float64)).strengths
    chance = 1 / (1 + np.exp(strengths[:, None, :] - strengths[:, :, None]))
    expected = (chance * (wins + wins.swapaxes(1, 2))).sum(axis=2)
    np.testing.assert_allclose(expected, wins.sum(axis=2), rtol=1e-8)


def test_strengths_far_apart_are_found() -> None:
    held = games([[0, 999_999], [1, 0]])
    (first, _) = rate(held, PLAIN).ratings
    assert first.log_strength == pytest.approx(np.log(999_999) / 2)


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    draw = np.random.default_rng(3)
    held = 0
    for seed in range(200):
        wins = int(draw.binomial(40, 0.7))
        counts = pair_counts(record(wins, 40 - wins))
        points = counts.points + 0.5 * (counts.games > 0)
        drawn = bootstrap(counts, 0.5, fit(points[None]).strengths[0], 200, seed)
        truth = 1000 + 200 * np.log10(0.7 / 0.3)
        held += bool(drawn.low[0] <= truth <= drawn.high[0])
    assert 180 <= held <= 200


def test_tails_of_short_records_are_cut_further_out() -> None:
    shares = [tail_share(n) for n in (1, 2, 5, 50, 10**6)]
    assert shares[0] == 0 and shares == sorted(shares)
    assert shares[-1] == pytest.approx(0.025, abs=1e-5)


def test_ranks_part_where_the_intervals_do() -> None:
    rated = rate(games([[0, 90, 95], [10, 0, 50], [5, 50, 0]]))
    assert [(one.contender, one.rank) for one in rated.ratings] == [("A", 1), ("B", 2), ("C", 2)]


def test_no_votes() -> None:
    rated = rate(comparisons("AB", []))
    assert {one.rating for one in rated.ratings} == {None} and rated.pairs == ()
    assert sentences(rated) == [
        "There are no comparisons between two contenders yet, so nothing is rated."
    ]
    assert sentences(rate(comparisons("", []))) == sentences(rated)


def test_one_vote() -> None:
    rated = rate(record(1, 0))
    first, second = rated.ratings
    assert (first.contender, first.rank, second.rank) == ("A", 1, 1)
    assert first.low is not None and first.low < 1000 < (first.high or 0)
    assert rated.pairs[0].winner is None and rated.pairs[0].p_value == 1.0


def test_all_ties() -> None:
    rated = rate(record(0, 0, ties=20, both_bad=5))
    assert {one.rating for one in rated.ratings} == {1000.0}
    assert {one.rank for one in rated.ratings} == {1}
    (pair,) = rated.pairs
    assert (pair.win_rate, pair.low, pair.high, pair.winner) == (None, 0.0, 1.0, None)
    assert (pair.more_needed, pair.in_one_test) == (None, None)
    assert "Every vote is a tie or a both-bad" in sentences(rated)[0]


def test_one_contender() -> None:
    rated = rate(comparisons("A", [(0, 0, FIRST)]))
    assert rated.n == 0 and rated.ratings[0].rating is None
    assert "no comparisons between two contenders" in sentences(rated)[0]


def test_a_contender_never_compared() -> None:
    rated = rate(comparisons("ABC", [(0, 1, FIRST), (1, 0, FIRST)]))
    assert rated.never_compared == ("C",)
    assert rated.ratings[-1].contender == "C" and rated.ratings[-1].rating is None
    assert sentences(rated, str.lower) == ["Never compared, so without a rating: c."]


def test_groups_that_never_met_are_rated_apart() -> None:
    rated = rate(games([[0, 9, 0, 0], [1, 0, 0, 0], [0, 0, 0, 5], [0, 0, 5, 0]]))
    assert rated.groups == (("A", "B"), ("C", "D"))
    assert "No chain of comparisons joins these groups" in sentences(rated)[0]
    assert {one.contender: one.group for one in rated.ratings} == {"A": 1, "B": 1, "C": 2, "D": 2}
    alone = rate(games([[0, 9], [1, 0]]))
    found = {one.contender: one.rating for one in rated.ratings}
    assert found["A"] == pytest.approx(alone.ratings[0].rating)
    assert found["C"] == found["D"] == 1000
    assert {one.rank for one in rated.ratings if one.group == 2} == {1}


def test_rounds_without_a_maximum_are_said() -> None:
    rated = rate(record(9, 1), RatingSettings(prior=0, bootstrap=500))
    assert 100 < rated.rounds_left_out < 250  # 0.9^10 is .35
    assert "bootstrap rounds had no finite maximum" in " ".join(sentences(rated))


def test_settings_are_checked_together() -> None:
    with pytest.raises(InvalidRequest, match=r"k must be.*prior must be.*rounds must be"):
        RatingSettings(k=float("nan"), prior=-1, bootstrap=-1)


def test_too_many_contenders_are_refused() -> None:
    names = [str(number) for number in range(MOST_CONTENDERS + 1)]
    with pytest.raises(InvalidRequest, match="nothing was rated"):
        rate(comparisons(names, []))


def test_the_order_of_the_votes_changes_elo_alone() -> None:
    rows = [(one, other, FIRST) for one, other in combinations(range(4), 2) for _ in range(3)]
    forth, back = rate(comparisons("ABCD", rows)), rate(comparisons("ABCD", rows[::-1]))
    assert [one.rating for one in forth.ratings] == [one.rating for one in back.ratings]
    assert [one.elo for one in forth.ratings] != [one.elo for one in back.ratings]


def test_ratings_can_be_written_as_json() -> None:
    from assistant.cli.output import plain

    rated = rate(games([[0, 9, 0], [0, 0, 0], [0, 0, 0]]), RatingSettings(prior=0))
    json.dumps(plain(rated), allow_nan=False)
