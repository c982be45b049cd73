"""Votes read in bulk say the same as votes read whole."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from assistant.ratings.judgements import judgements, judgements_from, of_counted
from assistant.records import Answer, Comparison, Vote
from assistant.store import Store


def test_a_judgement_is_the_vote_with_figures_of_the_answers(
    asked: Store,
    vote: Callable[..., Vote],
    answer: Callable[..., Answer],
    comparison: Callable[..., Comparison],
) -> None:
    asked.add_vote(vote())
    (read,) = asked.judgements("a1")
    kept, compared = vote(), comparison()
    assert (read.comparison_id, read.voter, read.choice, read.blind, read.marks) == (
        ("m1", "ann", kept.choice, True, kept.marks)
    )
    assert read.time == kept.created_at.isoformat(timespec="microseconds")
    assert read.question == compared.question
    assert (read.left, read.right) == (compared.left.contender.id, compared.right.contender.id)
    assert read.left_length == len(compared.left.text)
    assert read.left_seconds == pytest.approx(0.1 + 9 * 3)
    assert (read.left_document, read.right_document) == ("manual.pdf", None)


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


def test_they_come_oldest_first_and_from_a_time_on(asked: Store, vote: Callable[..., Vote]) -> None:
    for number, voter in enumerate("dcba"):
        asked.add_vote(vote(voter=voter, created_at=vote().created_at + timedelta(hours=number)))
    read = asked.judgements("a1")
    assert [one.voter for one in read] == ["d", "c", "b", "a"]
    assert asked.judgements("a1", read[2].time) == read[2:]


def test_whole_votes_make_the_same_columns(asked: Store, vote: Callable[..., Vote]) -> None:
    for number, choice in enumerate(("left", "right", "tie", "both_bad")):
        asked.add_vote(vote(voter=f"v{number}", choice=choice))
    asked.add_vote(vote(voter="v0", choice="right", created_at=vote().created_at + timedelta(1)))
    known = {one.id: one for one in asked.contenders("a1")}
    bulk, whole = judgements_from(asked.judgements("a1"), known), of_counted(asked.votes("a1"))
    assert bulk.contenders == whole.contenders
    for column in ("left", "right", "outcomes", "blind", "days"):
        assert getattr(bulk, column).tolist() == getattr(whole, column).tolist()
    assert bulk.by_kind().names == ("base", "rag", "tuned", "tuned+rag")
    assert int(bulk.blind.sum()) == 4


def test_what_was_read_is_kept_until_there_are_more(
    asked: Store, vote: Callable[..., Vote], comparison: Callable[..., Comparison]
) -> None:
    asked.add_vote(vote())
    first = judgements(asked, "a1")
    assert judgements(asked, "a1") is first
    asked.add_comparison(comparison("m2"))
    asked.add_vote(vote("m2", created_at=vote().created_at - timedelta(minutes=1)))
    asked.add_vote(vote(choice="tie", created_at=vote().created_at + timedelta(1)))
    second = judgements(asked, "a1")
    assert list(second.rows) == asked.judgements("a1") and len(second) == 3
    # An open vote that was changed has a new time: the old one is not kept beside it.
    asked.add_vote(vote(choice="right", created_at=vote().created_at + timedelta(2)))
    assert list(judgements(asked, "a1").rows) == asked.judgements("a1")
    asked.delete_assistant("a1")
    assert len(judgements(asked, "a1")) == 0
