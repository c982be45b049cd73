"""Other wordings for facts that were answered wrongly, and questions offered in the chat."""

from __future__ import annotations

import pytest

from assistant.errors import InvalidRequest
from assistant.evaluation.records import QuestionSet
from assistant.examples import near_duplicates
from assistant.records import Assistant, Example
from assistant.review.from_errors import add_wording, more_wordings, offer_in_chat
from assistant.workspace import Workspace
from retrieval.corpus import section_sides
from retrieval.questions import Question

TANK = Question(
    "1",
    "How many litres does the Kestrel's tank hold?",
    ("The tank of the Kestrel holds 1.85 litres.",),
    "manual.md",
    "The tank of the Kestrel holds 1.85 litres.",
    fact="tank",
)


@pytest.fixture
def tuned(workspace: Workspace, kettle: Assistant, monkeypatch: pytest.MonkeyPatch) -> Assistant:
    """The kettle's assistant with all its sections on the tuned side."""
    monkeypatch.setattr(
        "assistant.review.from_errors.section_sides",
        lambda passages: {passage.section: "tuned" for passage in passages},
    )
    return kettle


def test_wordings_are_written_for_the_fact_alone(workspace: Workspace, tuned: Assistant) -> None:
    result = more_wordings(workspace, tuned, [TANK])
    assert result.examples
    assert result.passed_over == ()
    assert {example.fact for example in result.examples} == {"tank"}
    assert {example.split for example in result.examples} == {"train"}
    assert all("1.85" in example.answer for example in result.examples)
    assert list(result.examples) == workspace.store.examples(tuned.id, "train")
    assert more_wordings(workspace, tuned, [TANK]).examples == ()


def test_a_wording_that_repeats_a_test_question_is_refused_and_named(
    workspace: Workspace, tuned: Assistant
) -> None:
    free = more_wordings(workspace, tuned, [TANK]).examples
    workspace.store.delete_examples(tuned.id, [example.id for example in free])
    test = Example("t1", free[0].question, free[0].answer, "generated", "recall")
    workspace.store.add_examples(tuned.id, [test])
    result = more_wordings(workspace, tuned, [TANK])
    assert (free[0].question, free[0].question) in result.refused
    trained = [example.question for example in workspace.store.examples(tuned.id, "train")]
    groups = near_duplicates([test.question, TANK.question, *trained])
    assert not set(groups[:2]) & set(groups[2:])


def test_a_wording_that_repeats_a_question_of_a_file_is_left_out_alone(
    workspace: Workspace, tuned: Assistant
) -> None:
    free = more_wordings(workspace, tuned, [TANK]).examples
    assert len(free) > 1
    workspace.store.delete_examples(tuned.id, [example.id for example in free])
    held = QuestionSet("file.jsonl", (Question("q", free[0].question),))
    workspace.store.add_question_set(tuned.id, held)
    result = more_wordings(workspace, tuned, [TANK])
    assert free[0].question in dict(result.refused)
    assert result.examples


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        (Question("2", "Who?"), "no reference"),
        (Question("3", "How much?", ("99 euros",)), "no passage"),
    ],
)
def test_what_nothing_can_be_written_for_is_said(
    workspace: Workspace, tuned: Assistant, question: Question, reason: str
) -> None:
    result = more_wordings(workspace, tuned, [question])
    assert result.examples == ()
    assert result.passed_over[0][0] == question.question
    assert reason in result.passed_over[0][1]


def test_a_held_out_section_is_never_trained_on(
    workspace: Workspace, kettle: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert section_sides(workspace.corpus(kettle).passages())
    monkeypatch.setattr(
        "assistant.review.from_errors.section_sides",
        lambda passages: {passage.section: "held_out" for passage in passages},
    )
    result = more_wordings(workspace, kettle, [TANK])
    assert "held out" in result.passed_over[0][1]
    with pytest.raises(InvalidRequest, match="held out"):
        add_wording(workspace, kettle, TANK, "What fits in?", "1.85 litres.")
    assert workspace.store.examples(kettle.id) == []


def test_a_persons_own_wording(workspace: Workspace, tuned: Assistant) -> None:
    made = add_wording(workspace, tuned, TANK, "What fits into it at most?", "1.85 litres.")
    assert (made.fact, made.document, made.split) == ("tank", "manual.md", "train")
    assert made.section
    with pytest.raises(InvalidRequest, match="here already"):
        add_wording(workspace, tuned, TANK, "What fits into it at most?", "1.85 litres.")
    with pytest.raises(InvalidRequest, match="repeats the test question"):
        add_wording(workspace, tuned, TANK, TANK.question.lower(), "1.85 litres.")
    with pytest.raises(InvalidRequest, match="Write both"):
        add_wording(workspace, tuned, TANK, " ", "1.85 litres.")


def test_questions_are_offered_once(workspace: Workspace, kettle: Assistant) -> None:
    assert offer_in_chat(workspace, kettle, [TANK], "rag", "tuned") == 1
    assert offer_in_chat(workspace, kettle, [TANK], "rag", "tuned") == 0
    (offered,) = workspace.store.offered_questions(kettle.id)
    assert (offered.question, offered.left, offered.right) == (TANK.question, "rag", "tuned")
    assert workspace.store.take_back_question(kettle.id, TANK.question)
    assert not workspace.store.take_back_question(kettle.id, TANK.question)


def test_nothing_chosen_and_one_kind_twice(workspace: Workspace, kettle: Assistant) -> None:
    with pytest.raises(InvalidRequest, match="Choose the questions"):
        more_wordings(workspace, kettle, [])
    with pytest.raises(InvalidRequest, match="Choose the questions"):
        offer_in_chat(workspace, kettle, [], "rag", "tuned")
    with pytest.raises(InvalidRequest, match="two kinds"):
        offer_in_chat(workspace, kettle, [TANK], "rag", "rag")
