"""The report of an assistant's votes: parts of them, days, and what never rates."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from assistant.ratings.choosing import choose_pair
from assistant.ratings.judgements import Judgements, judgements_from
from assistant.ratings.rating import rate
from assistant.ratings.report import report
from assistant.ratings.tables import TABLES
from assistant.ratings.vote_columns import NO_DOCUMENT
from assistant.records import KINDS, Choice, Contender, ContenderKind, Decoding, Judgement
from assistant.vote_export import rows_csv

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def contender(kind: ContenderKind, run: str | None = None) -> Contender:
    return Contender(kind, "a1", "builtin", run, None, None, None, "cd" * 32, Decoding())


BASE, RAG, TUNED, NEWER = (
    contender("base"),
    contender("rag"),
    contender("tuned", "r1"),
    contender("tuned", "r2"),
)


def held(*rows: tuple[Choice, Contender, Contender, int, str, str | None, bool]) -> Judgements:
    judged = [
        Judgement(
            *(f"m{number}", voter, blind, choice),
            (NOON + timedelta(days=day, seconds=number)).isoformat(timespec="microseconds"),
            *({}, "How much?", left.id, right.id, 9, 9, 1.0, 1.0, document, None),
        )
        for number, (choice, left, right, day, voter, document, blind) in enumerate(rows)
    ]
    return judgements_from(judged, {one.id: one for one in (BASE, RAG, TUNED, NEWER)})


def test_only_blind_votes_rate() -> None:
    votes = held(
        ("left", RAG, TUNED, 0, "ann", None, True),
        *[("right", RAG, TUNED, 0, "ann", None, False)] * 9,  # type: ignore[list-item]
    )
    made = report(votes)
    assert (made.kinds.n, made.open_votes) == (1, 9)
    (pair,) = made.kinds.pairs
    assert (pair.wins, pair.losses) == (1, 0)
    assert report(votes) is made


def test_versions_are_rated_apart_and_pooled_by_kind() -> None:
    made = report(
        held(
            ("left", RAG, TUNED, 0, "ann", None, True),
            ("right", RAG, NEWER, 1, "ann", None, True),
            ("left", NEWER, TUNED, 1, "ann", None, True),
        )
    )
    tuned = made.kinds.of("tuned")
    assert tuned is not None and (tuned.wins, tuned.losses) == (1, 1)
    assert made.kinds.n == 2 and made.versions.n == 3
    assert [one.contender for one in made.versions.ratings] == [NEWER.id, RAG.id, TUNED.id]
    assert made.kind_of[NEWER.id] == "tuned"


def test_days_are_cumulative_and_say_who_is_not_rated_yet() -> None:
    rows = [
        ("left", RAG, TUNED, 0, "ann", None, True),
        ("tie", RAG, RAG, 1, "ann", None, True),
        ("left", RAG, BASE, 2, "ann", None, True),
        ("right", RAG, TUNED, 2, "ann", None, True),
    ]
    votes = held(*rows)  # type: ignore[arg-type]
    first, last = report(votes).days
    assert (first.day, first.n, last.day, last.n) == ("2026-03-04", 1, "2026-03-06", 3)
    assert first.ratings["base"] is None and first.ratings["rag"] == pytest.approx(
        1095.42, abs=0.01
    )
    whole = rate(votes.by_kind())
    for kind in KINDS:
        one = whole.of(kind)
        assert one is not None and one.rating == pytest.approx(last.ratings[kind])


def test_parts_by_document_and_by_voter() -> None:
    made = report(
        held(
            ("left", RAG, TUNED, 0, "x" * 32, "a.pdf", True),
            ("left", RAG, TUNED, 0, "x" * 32, "a.pdf", True),
            ("right", RAG, TUNED, 0, "y" * 32, None, True),
        )
    )
    assert [(part.name, part.n) for part in made.topics] == [("a.pdf", 2), (NO_DOCUMENT, 1)]
    assert [(part.name, part.n) for part in made.voters] == [("Voter 1", 2), ("Voter 2", 1)]
    rag = made.topics[0].ratings[KINDS.index("rag")]
    assert rag.rating is not None and rag.low is not None and rag.low <= rag.rating
    assert made.topics[0].ratings[KINDS.index("base")].rating is None
    assert "x" * 32 not in "".join(rows_csv(rows(made)) for rows in TABLES.values())


def test_every_table_can_be_written_also_of_nothing() -> None:
    empty, some = report(held()), report(held(("left", RAG, TUNED, 0, "ann", "=a.pdf", True)))
    for name, rows in TABLES.items():
        assert isinstance(rows_csv(rows(empty)), str), name
        written = rows_csv(rows(some))
        assert written.count("\n") >= 2, name
    assert "'=a.pdf" in rows_csv(TABLES["topics"](some))


def test_the_pair_is_chosen_among_those_that_answer_with_a_reason() -> None:
    votes = held(*[("left", RAG, TUNED, 0, "ann", None, True)] * 5)  # type: ignore[arg-type]
    chosen = choose_pair(votes, ["base", "rag", "tuned"])
    assert chosen is not None and chosen.first == "base"
    assert "teaches most" in chosen.reason and "after 0 blind votes" in chosen.reason
    only = choose_pair(votes, ["rag", "tuned"])
    assert only is not None and (only.first, only.second) == ("rag", "tuned")
    assert choose_pair(votes, ["rag"]) is None
