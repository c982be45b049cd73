"""Pairs of answers: outcomes, groups, McNemar, and questions that do not fit together."""

from __future__ import annotations

import pytest

from assistant.errors import InvalidRequest
from assistant.evaluation.before_after import before_after, class_counts
from assistant.evaluation.error_classes import ClassedAnswer, classed
from assistant.records import ContenderKind
from retrieval.questions import Question
from tests.assistant.evaluation.conftest import Evaluated

QUESTIONS = [
    Question("1", "How much does the tank hold?", ("1.85 litres",), "manual.pdf"),
    Question("2", "How many steps has the grinder?", ("12",), "manual.pdf"),
    Question("3", "Who repairs the grinder?", ("Osk",), "warranty.md"),
    Question("4", "When was the tank changed?", ("2021",)),
    Question("5", "Where is the tank made?"),
]


def answers(evaluated: Evaluated, kind: ContenderKind, said: list[str]) -> list[ClassedAnswer]:
    return [
        classed(evaluated(text, question, kind=kind))
        for text, question in zip(said, QUESTIONS, strict=True)
    ]


def test_fixed_broken_still_wrong_still_right(evaluated: Evaluated) -> None:
    before = answers(evaluated, "base", ["a lot", "12 steps", "Osk", "in May", "abroad"])
    after = answers(evaluated, "tuned", ["1.85 l", "many", "Osk does", "long ago", "abroad"])
    result = before_after(before, after)
    assert [change.question.id for change in result.of("fixed")] == ["1"]
    assert [change.question.id for change in result.of("broken")] == ["2"]
    assert [change.question.id for change in result.of("still_right")] == ["3"]
    assert [change.question.id for change in result.of("still_wrong")] == ["4"]
    assert result.unjudged == 1
    assert result.p_value == 1.0
    assert (result.before.kind, result.after.kind) == ("base", "tuned")


def test_groups_by_document_topic_and_type_hold_every_question_once(evaluated: Evaluated) -> None:
    before = answers(evaluated, "base", ["x", "x", "x", "x", "x"])
    after = answers(evaluated, "tuned", ["1.85 litres", "12", "x", "x", "x"])
    result = before_after(before, after)
    for groups in (result.by_document(), result.by_topic(), result.by_type()):
        assert sum(group.n for group in groups) == 4
        assert sum(group.fixed for group in groups) == 2
    assert result.by_document()[0].group == "manual.pdf"
    assert {group.group for group in result.by_topic()} == {"tank", "grinder"}
    assert {group.group for group in result.by_type()} == {"how many", "who", "when"}
    assert result.by_document()[-1].group in ("warranty.md", "no document named")


def test_mcnemar_over_what_changed(evaluated: Evaluated) -> None:
    questions = [Question(str(n), f"Question {n}?", ("yes it is",)) for n in range(8)]
    before = [classed(evaluated("blue", question)) for question in questions]
    after = [classed(evaluated("Yes it is.", question)) for question in questions]
    assert before_after(before, after).p_value == pytest.approx(2 * 0.5**8)


def test_two_evaluations_are_paired_by_their_words(evaluated: Evaluated) -> None:
    one = [classed(evaluated("12", Question("a", "How many  steps?", ("12",))))]
    other = [
        classed(evaluated("12", Question("7", "how many steps?", ("12",)))),
        classed(evaluated("12", Question("8", "How many more?", ("12",)))),
    ]
    result = before_after(one, other)
    assert len(result.changes) == 1
    assert result.unpaired == 1


def test_nothing_to_compare_is_said(evaluated: Evaluated) -> None:
    one = [classed(evaluated("12", Question("a", "How many?", ("12",))))]
    other = [classed(evaluated("12", Question("b", "How far?", ("12",))))]
    with pytest.raises(InvalidRequest, match="no question in common"):
        before_after(one, other)
    with pytest.raises(InvalidRequest, match="has no answers"):
        before_after(one, [])


def test_only_unjudged_questions_give_no_changes(evaluated: Evaluated) -> None:
    one = [classed(evaluated("blue", Question("a", "Which colour?")))]
    result = before_after(one, one)
    assert result.changes == ()
    assert result.p_value == 1.0
    assert result.unjudged == 1


def test_classes_are_counted(evaluated: Evaluated) -> None:
    counts = class_counts(answers(evaluated, "base", ["1.85 l", "12", "", "in May", "abroad"]))
    assert counts["correct"] == 2
    assert sum(counts.values()) == 5
