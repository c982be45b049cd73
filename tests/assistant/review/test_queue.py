"""What is queued for review, from where, and what becomes of a corrected answer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from assistant.comparison import Arena
from assistant.errors import InvalidRequest, NotFound
from assistant.records import Answer, Assistant, Comparison, Example, Reply, Usage
from assistant.review.queue import (
    correction_as_example,
    find_item,
    queue_from_chat,
    queue_sample,
)
from assistant.review.records import Review
from assistant.workspace import Workspace
from tests.assistant.evaluation.conftest import Evaluated

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def answered(workspace: Workspace, kettle: Assistant) -> Callable[[str], Answer]:
    def make(text: str, kind: str = "rag") -> Answer:
        version = workspace.contender(kettle, kind)  # type: ignore[arg-type]
        return Answer(text, version, "weights", Usage(0.1, 10.0, 5, 5))

    return make


@pytest.fixture
def chatted(
    workspace: Workspace, kettle: Assistant, answered: Callable[..., Answer]
) -> tuple[Comparison, Reply]:
    """A blind comparison and a reply of the chat."""
    arena = Arena(workspace)
    pair = arena.start(kettle, "rag", "base", True)
    alone = arena.start(kettle, "rag", None, False)
    comparison = Comparison(
        "m1",
        kettle.id,
        pair.id,
        "How big?",
        answered("2 litres"),
        answered("3 litres", "base"),
        True,
        1,
        NOW,
    )
    reply = Reply("p1", kettle.id, alone.id, "How loud is it?", answered("Very"), NOW)
    workspace.store.add_comparison(comparison)
    workspace.store.add_reply(reply)
    return comparison, reply


def test_thumbs_down_and_both_bad_are_queued_once(
    workspace: Workspace, kettle: Assistant, chatted: tuple[Comparison, Reply]
) -> None:
    arena = Arena(workspace)
    arena.thumb("p1", "ann", False)
    arena.vote("m1", "ann", "both_bad")
    assert queue_from_chat(workspace.store, kettle) == 3
    assert queue_from_chat(workspace.store, kettle) == 0
    queued = workspace.store.review_items(kettle.id)
    assert {one.item.answer for one in queued} == {"2 litres", "3 litres", "Very"}
    assert {one.item.origin for one in queued} == {"chat"}


def test_what_was_judged_well_is_not_queued(
    workspace: Workspace, kettle: Assistant, chatted: tuple[Comparison, Reply]
) -> None:
    Arena(workspace).thumb("p1", "ann", True)
    Arena(workspace).vote("m1", "ann", "left")
    assert queue_from_chat(workspace.store, kettle) == 0


def test_a_sample_is_the_same_for_the_same_seed(
    workspace: Workspace, kettle: Assistant, evaluated: Evaluated
) -> None:
    answers = [evaluated(f"Answer {n}", f"Question {n}?") for n in range(20)]
    assert queue_sample(workspace.store, kettle, answers, "e1", 5) == 5
    assert queue_sample(workspace.store, kettle, answers, "e1", 5) == 0
    assert queue_sample(workspace.store, kettle, answers, "e1", 50, seed=2) == 15
    with pytest.raises(InvalidRequest, match="no answers to review"):
        queue_sample(workspace.store, kettle, [], "e1", 5)
    with pytest.raises(InvalidRequest, match="at least one"):
        queue_sample(workspace.store, kettle, answers, "e1", 0)


def test_a_corrected_answer_of_the_chat_becomes_an_example(
    workspace: Workspace, kettle: Assistant, chatted: tuple[Comparison, Reply]
) -> None:
    Arena(workspace).thumb("p1", "ann", False)
    queue_from_chat(workspace.store, kettle)
    (one,) = workspace.store.review_items(kettle.id)
    review = Review(one.item.id, "ann", NOW, {"accuracy": 1}, "", "It is silent.")
    workspace.store.add_review(review)
    made = correction_as_example(workspace.store, one, review)
    assert made in workspace.store.examples(kettle.id, "train")
    with pytest.raises(InvalidRequest, match="no corrected answer"):
        correction_as_example(workspace.store, one, Review(one.item.id, "bob", NOW))


def test_a_test_question_is_not_trained_on(
    workspace: Workspace,
    kettle: Assistant,
    chatted: tuple[Comparison, Reply],
    evaluated: Evaluated,
) -> None:
    store = workspace.store
    store.add_examples(kettle.id, [Example("e1", "How loud is it?", "60 dB", "written", "recall")])
    Arena(workspace).thumb("p1", "ann", False)
    queue_from_chat(store, kettle)
    queue_sample(store, kettle, [evaluated("x", "How far?")], "e1", 1)
    for one in store.review_items(kettle.id):
        review = Review(one.item.id, "ann", NOW, {}, "", "It is silent.")
        with pytest.raises(InvalidRequest, match="test question"):
            correction_as_example(store, one, review)
    assert store.examples(kettle.id, "train") == []


def test_an_item_that_is_gone(workspace: Workspace, kettle: Assistant) -> None:
    with pytest.raises(NotFound, match="no such answer"):
        find_item(workspace.store, kettle, "nothing")
