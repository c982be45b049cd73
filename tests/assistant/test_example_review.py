"""What a person does to examples, and that it can be taken back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from assistant import example_review as review
from assistant.errors import Conflict, ExamplesError, InvalidRequest, NotFound
from assistant.example_review import Wording
from assistant.records import Assistant, Example, example_id
from assistant.store import Store
from assistant.workspace import Workspace


def example(question: str, answer: str = "It holds 1.85 litres.", **fields: object) -> Example:
    made = Example(example_id(question, answer), question, answer, "generated", "train")
    return replace(made, **fields)  # type: ignore[arg-type]


FLAGGED = example(
    "How big is it?",
    flags=("ambiguous",),
    scores={"support": 0.9},
    passage="It holds 1.85 litres.",
    span=(9, 13),
    section="s" * 64,
    document="manual.md",
)


@pytest.fixture
def store(workspace: Workspace, kettle: Assistant) -> Store:
    workspace.store.add_examples(kettle.id, [FLAGGED, example("How heavy is it?", "2 kg.")])
    return workspace.store


def test_accepting_clears_the_flags_alone(store: Store, kettle: Assistant) -> None:
    change = review.accept(store, kettle.id, FLAGGED.id)
    assert store.example(kettle.id, FLAGGED.id) == replace(FLAGGED, flags=())
    assert review.accept(store, kettle.id, FLAGGED.id) is None
    assert change is not None
    review.undo(store, kettle.id, change)
    assert store.example(kettle.id, FLAGGED.id) == FLAGGED


def test_several_are_rejected_and_taken_back_together(store: Store, kettle: Assistant) -> None:
    before = store.examples(kettle.id)
    change = review.reject(store, kettle.id, [one.id for one in before])
    assert change.said == "2 examples were rejected." and store.examples(kettle.id) == []
    assert review.undo(store, kettle.id, change) == "Undone for 2 examples."
    assert store.examples(kettle.id) == before


def test_rejecting_what_is_rejected_undoes_nothing_else(store: Store, kettle: Assistant) -> None:
    review.reject(store, kettle.id, [FLAGGED.id])
    both = review.reject(store, kettle.id, [one.id for one in store.examples(kettle.id)])
    assert len(both.before) == 1
    review.undo(store, kettle.id, both)
    assert [one.id for one in store.examples(kettle.id, rejected=True)] == [FLAGGED.id]


def test_taking_back_does_not_let_a_test_question_in(store: Store, kettle: Assistant) -> None:
    review.reject(store, kettle.id, [FLAGGED.id])
    test = example("How big is it?", "It has 1.85 litres.", split="recall")
    store.add_examples(kettle.id, [test])
    with pytest.raises(ExamplesError, match="How big is it"):
        review.reject(store, kettle.id, [FLAGGED.id], rejected=False)
    assert store.example(kettle.id, FLAGGED.id).rejected


def test_new_words_leave_flags_and_scores_behind(store: Store, kettle: Assistant) -> None:
    wording = Wording("How large is it?", FLAGGED.answer, document="manual.md")
    change = review.edit(store, kettle.id, FLAGGED.id, wording)
    changed = store.example(kettle.id, change.after[0])
    assert (changed.flags, changed.scores, changed.span) == ((), {}, FLAGGED.span)
    review.undo(store, kettle.id, change)
    assert store.example(kettle.id, FLAGGED.id) == FLAGGED


def test_another_document_or_answer_leaves_the_evidence_behind(
    store: Store, kettle: Assistant
) -> None:
    change = review.edit(store, kettle.id, FLAGGED.id, Wording("How big is it?", "9 litres."))
    changed = store.example(kettle.id, change.after[0])
    assert (changed.passage, changed.section, changed.span) == ("", "", None)


def test_what_the_documents_do_not_say_keeps_its_own_words(store: Store, kettle: Assistant) -> None:
    said = "I find nothing about that."
    store.add_examples(kettle.id, [refusal := example("Who?", said, answerable=False)])
    change = review.edit(store, kettle.id, refusal.id, Wording("Who made it?", said, False))
    assert store.example(kettle.id, change.after[0]).answer == said
    change = review.edit(store, kettle.id, FLAGGED.id, Wording("Why?", "9 litres.", False))
    assert "do not say" in store.example(kettle.id, change.after[0]).answer


def test_what_is_added_by_hand_can_be_undone(store: Store, kettle: Assistant) -> None:
    change = review.add(store, kettle.id, Wording(" New? ", "Yes.", document="manual.md"))
    assert change is not None
    added = store.example(kettle.id, change.after[0])
    assert (added.question, added.document, added.source) == ("New?", "manual.md", "written")
    assert review.add(store, kettle.id, Wording("New?", "Yes.")) is None
    review.undo(store, kettle.id, change)
    with pytest.raises(NotFound):
        store.example(kettle.id, added.id)


def test_a_deleted_one_comes_back(store: Store, kettle: Assistant) -> None:
    change = review.delete(store, kettle.id, FLAGGED.id)
    assert len(store.examples(kettle.id)) == 1
    review.undo(store, kettle.id, change)
    assert store.example(kettle.id, FLAGGED.id) == FLAGGED


def test_a_second_browser_that_deleted_it_is_told_of(store: Store, kettle: Assistant) -> None:
    change = review.accept(store, kettle.id, FLAGGED.id)
    assert change is not None
    store.delete_examples(kettle.id, [FLAGGED.id])
    for action in (review.accept, review.delete):
        with pytest.raises(NotFound, match="elsewhere"):
            action(store, kettle.id, FLAGGED.id)
    with pytest.raises(NotFound, match="elsewhere"):
        review.reject(store, kettle.id, [FLAGGED.id])
    with pytest.raises(Conflict, match="cannot be undone"):
        review.undo(store, kettle.id, change)


@pytest.mark.parametrize(
    "wording",
    [Wording("", "x"), Wording("x", " "), Wording("x", "y", split="no")],  # type: ignore[arg-type]
)
def test_half_an_example_is_not_saved(store: Store, kettle: Assistant, wording: Wording) -> None:
    before = store.examples(kettle.id)
    with pytest.raises(InvalidRequest, match="nothing was saved"):
        review.edit(store, kettle.id, FLAGGED.id, wording)
    with pytest.raises(InvalidRequest, match="nothing was saved"):
        review.add(store, kettle.id, wording)
    assert store.examples(kettle.id) == before
