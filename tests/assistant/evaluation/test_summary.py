"""The summary of an evaluation."""

from __future__ import annotations

from collections.abc import Callable

from assistant.evaluation.records import EvaluatedAnswer, Failure
from assistant.evaluation.summary import summarise


def test_a_contender_that_failed_throughout_does_not_hide_the_questions(
    evaluated: Callable[..., EvaluatedAnswer],
) -> None:
    one, failing = evaluated("1.85 litres"), evaluated("", kind="tuned").answer.contender
    made = summarise(
        [one.answer.contender, failing], [one], [Failure(failing.id, "The model is gone.")]
    )
    assert made.enough.startswith("1 question is few")
    assert made.failed == {one.answer.contender.id: 0, failing.id: 1}
