"""What counts as a test question, in any case of letters, and what is said of those left out."""

from __future__ import annotations

import pytest

from assistant.errors import ExamplesError
from assistant.evaluation.held_out import (
    Written,
    already_trained,
    refuse_test_questions,
    without_test_questions,
)
from assistant.evaluation.records import QuestionSet
from assistant.records import Assistant, Example, example_id
from assistant.workspace import Workspace
from retrieval.questions import Question

TEST = "How long does the Kestrel AquaLoop pump run?"


def example(question: str, split: str = "train") -> Example:
    return Example(example_id(question, "Yes."), question, "Yes.", "written", split)  # type: ignore[arg-type]


def imported(question: str) -> QuestionSet:
    return QuestionSet("golden.jsonl", (Question("1", question, ("Yes.",)),))


@pytest.mark.parametrize(
    "question",
    [
        TEST.lower(),
        TEST.upper(),
        "how long does the kestrel aqualoop pump run for?",
        "How long does the kestrel AQUALOOP pump run?",
    ],
)
def test_a_repeat_in_another_case_is_a_repeat(question: str) -> None:
    added = [example(question)]
    with pytest.raises(ExamplesError, match="golden"):
        refuse_test_questions(added, [], [imported(TEST)])
    with pytest.raises(ExamplesError):
        refuse_test_questions([example(TEST)], [], [imported(question)])
    assert without_test_questions(added, [], [imported(TEST)]) == []
    assert len(already_trained(imported(TEST).questions, added)) == 1


@pytest.mark.parametrize(
    "question",
    [
        "how long does the kestrel steamjet pump run?",
        "How long does the Kestrel SteamJet pump run?",
        "How long does the Kestrel AquaLoop pump 2 run?",
    ],
)
def test_the_same_of_something_else_is_no_repeat(question: str) -> None:
    added = [example(question)]
    refuse_test_questions(added, [], [imported(TEST)])
    assert without_test_questions(added, [], [imported(TEST)]) == added


def test_what_is_left_out_of_the_written_is_named(workspace: Workspace, kettle: Assistant) -> None:
    first = workspace.write_examples(kettle)
    assert first.added > 0
    trained = next(e for e in workspace.store.examples(kettle.id) if e.split == "train")
    workspace.store.add_question_set(kettle.id, imported(trained.question.lower()))
    second = workspace.write_examples(kettle)
    assert trained.question in [one.question for one in second.left_out]
    assert "left out" in second.note and "a test question asks the same" in second.note


def test_many_left_out_are_counted_and_three_are_named() -> None:
    left_out = tuple(example(f"Question {number}?") for number in range(5))
    assert Written(0, left_out).note == (
        "5 examples were left out, since a test question asks the same: “Question 0?”; "
        "“Question 1?”; “Question 2?”; and 2 more."
    )
    assert Written(3, ()).note == ""
