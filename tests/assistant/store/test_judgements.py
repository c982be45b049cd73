"""Votes read in bulk say the same as votes read whole."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from assistant.ratings.judgements import Judgements, judgements, of_counted
from assistant.ratings.report import report
from assistant.records import Answer, Comparison, Judgement, Vote
from assistant.store import Store

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def told(held: Judgements) -> list[tuple[Any, ...]]:
    """Every vote in words, in which it does not matter how texts are numbered."""
    columns, known = held.columns, held.known
    documents = [*known.documents.texts(), None]  # the last is that of NOT_CITED, -1
    return [
        (
            known.comparisons.texts()[columns.comparisons[row]],
            known.voters.texts()[columns.voters[row]],
            bool(held.blind[row]),
            int(held.outcomes[row]),
            int(columns.times[row]),
            columns.marks[row],
            known.questions.texts()[columns.questions[row]],
            held.contenders[held.left[row]].id,
            held.contenders[held.right[row]].id,
            *columns.lengths[row].tolist(),
            *columns.seconds[row].tolist(),
            *(documents[number] for number in columns.documents[row].tolist()),
        )
        for row in range(len(held))
    ]


def test_a_judgement_is_the_vote_with_figures_of_the_answers(
    asked: Store,
    vote: Callable[..., Vote],
    answer: Callable[..., Answer],
    comparison: Callable[..., Comparison],
) -> None:
    asked.add_vote(vote())
    read = Judgement(*(column[0] for column in asked.judgements("a1")))
    kept, compared = vote(), comparison()
    assert (read.comparison_id, read.voter, read.choice, read.blind, read.marks) == (
        ("m1", "ann", kept.choice, True, kept.marks)
    )
    assert read.question == compared.question
    assert (read.left, read.right) == (compared.left.contender.id, compared.right.contender.id)
    assert read.left_length == len(compared.left.text)
    assert read.left_seconds == pytest.approx(0.1 + 9 * 3)
    assert (read.left_document, read.right_document) == ("manual.pdf", None)
    ((*_, time, _, question, _, _, _, _, _, _, _, _),) = told(judgements(asked, "a1"))
    assert EPOCH + timedelta(microseconds=time) == kept.created_at
    assert question == " ".join(compared.question.casefold().split())


def test_the_state_changes_with_every_vote(asked: Store, vote: Callable[..., Vote]) -> None:
    states = [asked.judgement_state("a1")]
    later = vote().created_at + timedelta(1)
    changed = later + timedelta(1)
    for one in (
        vote(),
        vote(voter="bob"),
        vote(choice="tie", created_at=later),
        vote(choice="right", created_at=changed),
    ):
        asked.add_vote(one)
        states.append(asked.judgement_state("a1"))
    assert len(set(states)) == len(states)
    assert states[0] == (0, "") and states[-1][0] == 3
    assert asked.judgement_state("nobody") == (0, "")


def test_they_come_from_a_time_on(asked: Store, vote: Callable[..., Vote]) -> None:
    for number, voter in enumerate("dcba"):
        asked.add_vote(vote(voter=voter, created_at=vote().created_at + timedelta(hours=number)))
    read = asked.judgements("a1")
    assert sorted(zip(read.times, read.voters, strict=True)) == sorted(
        ((vote().created_at + timedelta(hours=place) - EPOCH) // timedelta(microseconds=1), voter)
        for place, voter in enumerate("dcba")
    )
    later = asked.judgements("a1", sorted(read.times)[2])
    assert set(later.voters) == {"a", "b"}
    assert list(asked.judgements("nobody").voters) == []


def test_whole_votes_make_the_same_columns(asked: Store, vote: Callable[..., Vote]) -> None:
    for number, choice in enumerate(("left", "right", "tie", "both_bad")):
        asked.add_vote(vote(voter=f"v{number}", choice=choice))
    asked.add_vote(vote(voter="v0", choice="right", created_at=vote().created_at + timedelta(1)))
    bulk, whole = judgements(asked, "a1"), of_counted(asked.votes("a1"))
    assert bulk.contenders == whole.contenders
    for column in ("left", "right", "outcomes", "blind", "days"):
        assert getattr(bulk, column).tolist() == getattr(whole, column).tolist()
    assert bulk.by_kind().names == ("base", "rag", "tuned", "tuned+rag")
    assert int(bulk.blind.sum()) == 4


def test_what_was_read_is_kept_until_there_are_more(
    asked: Store,
    store_url: str,
    vote: Callable[..., Vote],
    comparison: Callable[..., Comparison],
) -> None:
    def as_read_anew() -> bool:
        """What was read bit by bit, and its report, are those of one reading of the whole."""
        here = judgements(asked, "a1")
        with Store.open(store_url) as other:
            anew = judgements(other, "a1")
        return told(here) == told(anew) and report(here) == report(anew)

    asked.add_vote(vote())
    first = judgements(asked, "a1")
    assert judgements(asked, "a1") is first
    asked.add_comparison(comparison("m2"))
    asked.add_vote(vote("m2", created_at=vote().created_at - timedelta(minutes=1)))
    asked.add_vote(vote(choice="tie", created_at=vote().created_at + timedelta(1)))
    assert len(judgements(asked, "a1")) == 3 and as_read_anew()
    # An open vote that was changed has a new time: the old one is not kept beside it.
    asked.add_vote(vote(choice="right", created_at=vote().created_at + timedelta(2)))
    assert len(judgements(asked, "a1")) == 3 and as_read_anew()
    asked.delete_assistant("a1")
    assert len(judgements(asked, "a1")) == 0


def test_votes_of_one_moment_have_an_order(asked: Store, vote: Callable[..., Vote]) -> None:
    for voter in "bca":
        asked.add_vote(vote(voter=voter))
        asked.add_vote(vote(voter=voter, choice="tie"))
    told_of = [(one[1], one[2]) for one in told(judgements(asked, "a1"))]
    assert told_of == [(voter, blind) for voter in "abc" for blind in (True, False)]
