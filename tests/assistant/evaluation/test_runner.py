"""An evaluation with the fakes: what is asked, kept, gone on with, and refused."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.errors import Conflict, ExamplesError, InvalidRequest
from assistant.evaluation.planning import Plan, plan
from assistant.evaluation.progress import EvaluationProgress
from assistant.evaluation.records import Evaluation
from assistant.evaluation.runner import evaluate
from assistant.generation import GenerationRequest, ScriptedBackend
from assistant.records import Assistant, Example, example_id
from assistant.workspace import Workspace

KINDS = ("base", "rag", "tuned", "tuned+rag")


def held_out(question: str, answer: str, split: str = "recall", **changes: object) -> Example:
    example = Example(
        example_id(question, answer),
        question,
        answer,
        "written",
        split,  # type: ignore[arg-type]
    )
    return replace(example, **changes)  # type: ignore[arg-type]


@pytest.fixture
def tested(
    workspace: Workspace, kettle: Assistant, add_run: Callable[[Assistant], str]
) -> Assistant:
    """An assistant with documents, a run, two recall questions and one out of scope."""
    add_run(kettle)
    workspace.store.add_examples(
        kettle.id,
        [
            held_out("How much does the tank hold?", "It holds 1.85 litres.", fact="tank"),
            held_out("How long is the warranty?", "31 months.", fact="warranty"),
            held_out(
                "Which zebras gallop fastest?",
                "The documents do not say.",
                "generalisation",
                answerable=False,
            ),
        ],
    )
    return kettle


def done(
    workspace: Workspace,
    assistant: Assistant,
    planned: Plan,
    cancelled: threading.Event | None = None,
    told: list[EvaluationProgress] | None = None,
) -> Evaluation:
    return evaluate(
        workspace,
        assistant,
        planned.questions,
        planned.contenders,
        (told if told is not None else []).append,
        cancelled or threading.Event(),
        latency_questions=1,
    )


def test_every_question_is_put_to_every_contender_and_scored(
    workspace: Workspace, tested: Assistant
) -> None:
    told: list[EvaluationProgress] = []
    planned = plan(workspace, tested, KINDS)
    evaluation = done(workspace, tested, planned, told=told)
    answers = workspace.store.evaluated(evaluation.id)
    assert len(answers) == 12 and evaluation.finished_at is not None
    by_kind = {
        (one.question.question[:8], one.answer.contender.kind): one.scores for one in answers
    }
    assert by_kind["How much", "rag"]["fact_recall"] == 1
    assert by_kind["How much", "base"]["fact_recall"] == 0
    assert by_kind["How much", "tuned"]["exact_match"] == 1
    assert by_kind["How much", "rag"]["perplexity"] == pytest.approx(2.718, abs=0.01)
    assert "fact_recall" not in by_kind["Which ze", "rag"]
    assert by_kind["Which ze", "rag"]["refusal"] == 1
    assert by_kind["Which ze", "base"]["refusal"] == 0
    retrieved = answers[0].retrieved
    assert retrieved and retrieved[0].rank == 1, "also for the base model"
    assert {one.stage for one in told} >= {"Answering", "Scoring"}
    assert told[-1].note == "" and all(one.done <= one.total for one in told)


def test_the_summary_has_means_intervals_and_latency(
    workspace: Workspace, tested: Assistant
) -> None:
    evaluation = done(workspace, tested, plan(workspace, tested, KINDS))
    summary = evaluation.summary
    base, rag, *_ = evaluation.contenders
    mean = summary.means[rag.id]["refusal"]
    assert mean.low <= mean.mean <= mean.high and mean.n == 3
    assert set(summary.latency) == {one.id for one in evaluation.contenders}
    assert summary.latency[base.id].n == 1
    pair = [one for one in summary.differences if (one.first, one.second) == (base.id, rag.id)]
    assert {one.metric for one in pair} >= {"fact_recall", "refusal", "f1"}
    assert all(one.adjusted >= one.p_value for one in summary.differences)
    assert "3 questions are few" in summary.enough


def test_an_interrupted_evaluation_goes_on_where_it_stopped(
    workspace: Workspace, tested: Assistant, backend: ScriptedBackend
) -> None:
    planned = plan(workspace, tested, ["base", "rag"])
    cancelled = threading.Event()

    def stop_early(request: GenerationRequest) -> str:
        if len(backend.requests) >= 4:
            cancelled.set()
        return "It holds 1.85 litres."

    whole, backend._reply = backend._reply, stop_early
    backend.requests.clear()
    stopped = done(workspace, tested, planned, cancelled)
    kept = workspace.store.answered(stopped.id)
    assert stopped.finished_at is None and 0 < len(kept) < 6
    backend._reply = whole
    asked = len(backend.requests)
    told: list[EvaluationProgress] = []
    finished = done(workspace, tested, planned, told=told)
    assert finished.id == stopped.id and finished.finished_at is not None
    assert any("Going on" in one.note for one in told)
    assert len(workspace.store.evaluated(finished.id)) == 6
    batch = [r for r in backend.requests[asked:] if r.reference or not r.adapter]
    assert batch, "what was missing was asked"
    again = done(workspace, tested, planned)
    assert again.id != finished.id, "a finished evaluation is not gone on with"


def test_a_batch_that_was_whole_is_kept_when_the_process_dies(
    workspace: Workspace, tested: Assistant, backend: ScriptedBackend
) -> None:
    planned = plan(workspace, tested, ["base"])
    asked = 0

    def killed(request: GenerationRequest) -> str:
        nonlocal asked
        asked += 1
        if asked == 3:
            raise KeyboardInterrupt
        return "Yes."

    backend._reply = killed
    with pytest.raises(KeyboardInterrupt):
        done(workspace, tested, planned)
    ((_, left),) = workspace.store.unfinished_evaluations(tested.id)
    assert len(workspace.store.answered(left.id)) == 2


def test_a_changed_version_starts_anew_and_says_so(
    workspace: Workspace, tested: Assistant, add_run: Callable[[Assistant], str]
) -> None:
    cancelled = threading.Event()
    cancelled.set()
    first = done(workspace, tested, plan(workspace, tested, ["tuned"]), cancelled)
    changed = workspace.update(tested, system_prompt="Answer in French.")
    told: list[EvaluationProgress] = []
    second = done(workspace, changed, plan(workspace, changed, ["tuned"]), told=told)
    assert second.id != first.id
    assert any("a contender has changed" in one.note for one in told)


def test_one_evaluation_of_an_assistant_at_a_time(workspace: Workspace, tested: Assistant) -> None:
    planned = plan(workspace, tested, ["base"])
    refused: list[str] = []

    def second(state: EvaluationProgress) -> None:
        if not refused:
            try:
                done(workspace, tested, planned)
            except Conflict as error:
                refused.append(str(error))

    evaluate(workspace, tested, planned.questions, planned.contenders, second, threading.Event())
    assert refused and "going on already" in refused[0]


def test_a_question_too_long_for_the_model_is_a_failure_not_an_answer(
    workspace: Workspace, tested: Assistant, tmp_path: Path
) -> None:
    file = tmp_path / "long.jsonl"
    rows = [{"question": "why " * 10_000, "answers": ["x"]}, {"question": "How big is it?"}]
    file.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    evaluation = done(workspace, tested, plan(workspace, tested, ["base"], file=file))
    assert evaluation.finished_at is not None
    ((position, failure),) = workspace.store.evaluation_failures(evaluation.id)
    assert position == 0 and "longer than the model can read" in failure.reason
    assert list(evaluation.summary.failed.values()) == [1]
    assert len(workspace.store.evaluated(evaluation.id)) == 1


def test_questions_of_a_file_stay_out_of_training(
    workspace: Workspace, tested: Assistant, tmp_path: Path
) -> None:
    file = tmp_path / "exam.jsonl"
    rows = [
        {"question": "What colour is the handle of the kettle?", "answers": ["Red"]},
        {"question": "At what pitch does the whistle sound?", "answers": ["440 hertz"]},
    ]
    file.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    trained = held_out("At what pitch does the whistle sound?", "440 hertz.", "train")
    workspace.store.add_examples(tested.id, [trained])
    planned = plan(workspace, tested, ["base"], file=file)
    assert [one.question for one in planned.left_out] == [rows[1]["question"]]
    assert "left out" in planned.note and "whistle" in planned.note
    assert len(planned.questions.questions) == 1
    with pytest.raises(ExamplesError, match="exam"):
        workspace.store.add_examples(
            tested.id, [held_out(str(rows[0]["question"]), "Blue.", "train")]
        )
    from assistant.runs import PRESETS

    with pytest.raises(ExamplesError, match="would be trained on"):
        workspace.train(tested, PRESETS["quick"])


def test_what_cannot_be_evaluated_is_refused_with_a_sentence(
    workspace: Workspace, kettle: Assistant
) -> None:
    with pytest.raises(InvalidRequest, match="no questions to ask"):
        plan(workspace, kettle, ["base"])
    with pytest.raises(InvalidRequest, match="no tuned model yet"):
        plan(workspace, kettle, ["tuned"])
    with pytest.raises(InvalidRequest, match="at least one contender"):
        plan(workspace, kettle, [])
