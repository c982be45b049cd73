from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from assistant.errors import Conflict, ExamplesError, NotFound
from assistant.evaluation.records import (
    Difference,
    EvaluatedAnswer,
    Evaluation,
    Failure,
    Latency,
    Mean,
    QuestionSet,
    Summary,
)
from assistant.records import Example, example_id
from assistant.store import Store
from retrieval.questions import Question

QUESTIONS = [
    Question("q1", "How much?", ("1.8 litres",), "manual.pdf", "1.8", True, "tank"),
    Question("q2", "Who made it?", (), in_scope=False),
]


@pytest.fixture
def begun(asked: Store, evaluation: Callable[..., Evaluation]) -> Store:
    """A store with the evaluation "v1" of two contenders on two questions, none answered."""
    asked.add_evaluation(evaluation(questions=2), "the key", QUESTIONS)
    return asked


def test_what_is_read_equals_what_was_written(
    begun: Store,
    evaluation: Callable[..., Evaluation],
    evaluated: Callable[..., EvaluatedAnswer],
) -> None:
    rag, tuned = evaluated("rag"), evaluated("tuned", truncated=True)
    begun.add_evaluated("v1", [(0, tuned), (0, rag)], [], 2.5)
    assert begun.evaluated("v1") == [rag, tuned]
    assert begun.evaluation("v1") == evaluation(questions=2, seconds=2.5)
    assert begun.evaluation_questions("v1") == QUESTIONS


def test_it_is_resumed_by_its_key_until_it_is_finished(
    begun: Store, evaluated: Callable[..., EvaluatedAnswer]
) -> None:
    ((key, held),) = begun.unfinished_evaluations("a1")
    assert (key, held.id) == ("the key", "v1")
    begun.add_evaluated("v1", [(0, evaluated("rag"))], [], 1.0)
    failure = Failure(held.contenders[1].id, "The question is longer than the model can read.")
    begun.add_evaluated("v1", [], [(1, failure)], 0.5)
    assert begun.answered("v1") == {(0, held.contenders[0].id), (1, held.contenders[1].id)}
    assert begun.evaluation_failures("v1") == [(1, failure)]
    assert len(begun.evaluated("v1")) == 1, "a failure is never an answer"
    begun.finish_evaluation("v1", Summary())
    assert begun.unfinished_evaluations("a1") == []
    assert begun.evaluation("v1").finished_at is not None


def test_a_batch_is_kept_whole_or_not_at_all(
    begun: Store, evaluated: Callable[..., EvaluatedAnswer]
) -> None:
    begun.add_evaluated("v1", [(0, evaluated("rag"))], [], 1.0)
    with pytest.raises(Conflict):
        begun.add_evaluated("v1", [(1, evaluated("rag")), (0, evaluated("rag"))], [], 1.0)
    assert len(begun.evaluated("v1")) == 1 and begun.evaluation("v1").seconds == 1.0


def test_scores_and_summary_come_back_as_they_were(
    begun: Store, evaluated: Callable[..., EvaluatedAnswer]
) -> None:
    begun.add_evaluated("v1", [(0, evaluated("rag"))], [], 1.0)
    contender = evaluated("rag").answer.contender.id
    assert [scored for _, _, scored in begun.evaluated_at("v1")] == [False]
    begun.set_scores("v1", {(0, contender): {"token_f1": 1 / 3}})
    assert [(one.scores, scored) for _, one, scored in begun.evaluated_at("v1")] == [
        ({"token_f1": 1 / 3}, True)
    ]
    summary = Summary(
        {contender: {"token_f1": Mean(1 / 3, 0.1, 0.5, 1)}},
        (Difference("token_f1", contender, "other", 0.1, -0.1, 0.3, 0.2, 0.4, 1),),
        {contender: Latency(0.1, 0.5, 0.6, 20.0, 5)},
        {contender: 0.0},
        {contender: 0},
        "Ask more.",
    )
    begun.finish_evaluation("v1", summary)
    begun.set_judged("v1", {"judge": "a model"})
    assert begun.evaluation("v1").summary == summary
    assert begun.evaluation("v1").judged == {"judge": "a model"}


def test_evaluations_are_listed_newest_first_and_by_version(
    begun: Store, evaluation: Callable[..., Evaluation]
) -> None:
    later = evaluation("v2", created_at=evaluation().created_at + timedelta(hours=1))
    rag, tuned = later.contenders
    retrained = replace(tuned, run_id="r2")
    begun.add_evaluation(replace(later, contenders=(rag, retrained)), "other", QUESTIONS[:1])
    assert [one.id for one in begun.evaluations("a1")] == ["v2", "v1"]
    assert [one.id for one in begun.evaluations("a1", retrained.id)] == ["v2"]
    assert [one.id for one in begun.evaluations("a1", rag.id)] == ["v2", "v1"]
    begun.delete_evaluation("v2")
    assert [one.id for one in begun.evaluations("a1")] == ["v1"]
    with pytest.raises(NotFound):
        begun.delete_evaluation("v2")
    with pytest.raises(NotFound):
        begun.add_evaluated("v2", [], [], 0.0)


def test_an_example_may_not_repeat_a_test_question(
    asked: Store, example: Callable[..., Example]
) -> None:
    held = QuestionSet(
        "exam.jsonl", (Question("1", "How many litres of water does the tank hold?"),)
    )
    assert asked.add_question_set("a1", held)
    assert not asked.add_question_set("a1", held)
    assert asked.question_sets("a1") == [held]
    leak = example("How many litres of water does the tank hold")
    with pytest.raises(ExamplesError, match="of exam"):
        asked.add_examples("a1", [example("Another question?"), leak])
    assert asked.examples("a1") == []
    asked.add_examples("a1", [example("Another question?"), replace(leak, split="recall")])
    moved = replace(example("Another question?"), question=leak.question, id=example_id("x", "y"))
    with pytest.raises(ExamplesError, match="nothing was changed"):
        asked.update_example("a1", example("Another question?").id, moved)
    asked.delete_question_set("a1", held.sha256)
    with pytest.raises(ExamplesError, match="the split recall"):
        asked.add_examples("a1", [replace(leak, id="z", answer="other")])
