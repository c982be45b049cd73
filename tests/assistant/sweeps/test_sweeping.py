"""A sweep from plan to curve, with workers that are done at once and a scripted model."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from assistant.errors import Conflict, ExamplesError, InvalidRequest, NotFound
from assistant.evaluation.progress import EvaluationProgress
from assistant.generation import GenerationRequest, ScriptedBackend
from assistant.model_ladder import Rung
from assistant.records import Assistant, Example
from assistant.registry import labels
from assistant.runs import PRESETS
from assistant.settings import Settings
from assistant.sweeps.planning import SweepPlan, plan_sweep
from assistant.sweeps.records import SweepKind
from assistant.sweeps.scores import ScoredAnswer, add_answers, kept_scores, read_answers
from assistant.sweeps.scoring import score_sweep
from assistant.sweeps.sweeping import (
    continue_sweep,
    start_sweep,
    sweep_folder,
    sweep_status,
    sweeps,
)
from assistant.training.folder import ADAPTER_FILES, RunFolder, read_json, write_json
from assistant.training.progress import Step, append_progress
from assistant.training.queue import RunQueue
from assistant.workspace import Workspace
from retrieval.embedder import HashingEmbedder

FACTS = 20


def ended() -> subprocess.Popen[bytes]:
    worker = subprocess.Popen([sys.executable, "-c", ""])
    worker.wait()
    return worker


class Trainers:
    """Leave what a worker leaves when it is done; its answers are right for what it learned."""

    def __init__(self) -> None:
        self.started: list[str] = []
        self.first_to_die = 100

    def __call__(self, folder: RunFolder) -> subprocess.Popen[bytes]:
        self.started.append(folder.path.name)
        worker = ended()
        write_json(folder.process, {"pid": worker.pid, "started": 0.0})
        if len(self.started) > self.first_to_die:
            return worker
        folder.adapter.mkdir(exist_ok=True)
        for name in ADAPTER_FILES:
            (folder.adapter / name).write_text(folder.path.name)
        about = read_json(folder.run) or {}
        epochs = about["settings"]["epochs"]
        seconds = 0.001 * about["characters"] * epochs
        for number in (1, 2, 3):
            append_progress(
                folder.progress,
                Step(number, 3, epochs * number / 3, 1.0, None, 9.0, seconds * number / 3, 0.0),
            )
        write_json(folder.done, {"stopped": False, "device": "cpu"})
        return worker


def recited(request: GenerationRequest) -> str:
    """What the adapter's run was trained on, the passages where there are any, else nothing."""
    asked = request.messages[-1].content
    number = asked.rpartition("part ")[2].split("?")[0].split(" ")[0]
    if request.adapter is None:
        return f"It weighs {number}7 grams." if "Passage" in asked or "[1]" in asked else "Unsure."
    rows = (request.adapter.parent / "train.jsonl").read_text()
    return f"It weighs {number}7 grams." if f"{number}7 grams" in rows else "Unsure."


@pytest.fixture
def trainers() -> Trainers:
    return Trainers()


@pytest.fixture
def workspace(settings: Settings, trainers: Trainers) -> Iterator[Workspace]:
    made = Workspace.open(
        settings,
        backend_for=lambda model, progress: ScriptedBackend(recited),
        embedder_for=lambda name: HashingEmbedder(),
    )
    made.queue = RunQueue(settings.home, trainers, keeper=lambda home, folders: ended())
    yield made
    made.close()


def base_model(folder: Path, size: int) -> Path:
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"architectures": ["LlamaForCausalLM"]}))
    (folder / "tokenizer.json").write_text("{}")
    (folder / "chat_template.jinja").write_text("{{ messages }}")
    (folder / "model.safetensors").write_bytes(b"0" * size)
    return folder


@pytest.fixture
def parts(workspace: Workspace, tmp_path: Path) -> Assistant:
    """An assistant of 20 facts, each in two training wordings and one held-out question."""
    made = workspace.create("Parts", "Knows weights", str(base_model(tmp_path / "small", 1000)))
    examples = []
    for number in range(10, 10 + FACTS):
        answer = f"It weighs {number}7 grams."
        for place, question in enumerate(
            (f"What does part {number} weigh?", f"The weight of part {number}?")
        ):
            examples.append(
                Example(f"e{number}{place}", question, answer, "written", "train", fact=f"{number}")
            )
        heavy = f"How heavy, in grams, would you say is part {number}?"
        examples.append(Example(f"t{number}", heavy, answer, "written", "recall", fact=f"{number}"))
    workspace.store.add_examples(made.id, examples)
    return made


def planned(
    workspace: Workspace, assistant: Assistant, kind: SweepKind, minutes: float | None = None
) -> SweepPlan:
    return plan_sweep(workspace, assistant, kind, PRESETS["quick"], minutes)


def quiet(_: EvaluationProgress) -> None:
    pass


def run_all(workspace: Workspace) -> None:
    """What the keeper does."""
    while workspace.queue.waiting():
        with workspace.queue.alone():
            workspace.queue.start_next()


def measured(workspace: Workspace, assistant: Assistant) -> None:
    """A run that says how quick this machine is."""
    workspace.train(assistant, PRESETS["quick"])


def test_a_ladder_of_the_data_is_trained_scored_and_drawn(
    workspace: Workspace, parts: Assistant, trainers: Trainers
) -> None:
    made = start_sweep(workspace, parts, planned(workspace, parts, "data"))
    run_all(workspace)
    assert len(trainers.started) == 4
    before = sweep_status(workspace, parts, made.id)
    assert (before.state, before.answered, before.to_answer) == ("to score", 0, 5 * FACTS)
    status = score_sweep(workspace, parts, made.id, quiet, threading.Event())
    assert (status.state, status.unfinished) == ("done", False)
    assert [point.rows for point in status.curve.points] == [4, 10, 20, 40]
    means = [point.score.mean for point in status.curve.points if point.score]
    assert means == [0.1, 0.25, 0.5, 1.0]  # each knows what it was trained on
    assert status.curve.base is not None and status.curve.base.mean == 0.0
    assert status.curve.rag is None  # without documents
    assert "still rising" in status.curve.sentences[0]


def test_the_runs_of_a_sweep_do_not_answer_by_themselves(
    workspace: Workspace, parts: Assistant
) -> None:
    made = start_sweep(workspace, parts, planned(workspace, parts, "data"))
    run_all(workspace)
    runs = workspace.runs(parts)
    assert {run.trial for run in runs.list()} == {made.id}
    assert runs.latest_usable() is None
    assert workspace.contender(parts, "tuned", made.points[0].run_id).run_id
    kept = labels.keep_trial(runs, made.points[-1].run_id)
    assert runs.latest_usable() == kept and kept.trial == ""


def test_all_points_are_trained_for_the_same_epochs(workspace: Workspace, parts: Assistant) -> None:
    data = planned(workspace, parts, "data")
    assert len({one.settings.epochs for one in data.candidates}) == 1
    rates = planned(workspace, parts, "learning-rate").candidates
    first, middle, last = (one.settings.learning_rate or 0 for one in rates)
    assert (first, last) == (pytest.approx(middle / 2), pytest.approx(2 * middle))


def test_the_plan_fits_into_the_minutes(workspace: Workspace, parts: Assistant) -> None:
    with pytest.raises(InvalidRequest, match="nothing says what fits"):
        planned(workspace, parts, "data", 1.0)
    measured(workspace, parts)
    whole = planned(workspace, parts, "data")
    assert whole.seconds is not None
    costs = [one.seconds or 0.0 for one in whole.candidates]
    assert costs == sorted(costs)
    minutes = (costs[3] + costs[1] + 0.001) / 60
    fitting = planned(workspace, parts, "data", minutes)
    assert [one.label for one in fitting.candidates] == ["25 %", "100 %"]
    assert [one.label for one in fitting.left_out] == ["10 %", "50 %"]
    assert "50 % is left out" in fitting.sentence
    with pytest.raises(InvalidRequest, match="a curve needs two"):
        planned(workspace, parts, "data", costs[0] / 60)


def test_the_next_model_is_reckoned_by_its_weights(
    workspace: Workspace, parts: Assistant, tmp_path: Path
) -> None:
    measured(workspace, parts)
    larger = base_model(tmp_path / "large", 4000)
    ladder = (Rung(str(larger), 2000, "Apache-2.0"),)
    plan = plan_sweep(workspace, parts, "model", PRESETS["quick"], ladder=ladder)
    small, large = plan.candidates
    assert large.seconds == pytest.approx(4 * (small.seconds or 0))
    made = start_sweep(workspace, parts, plan)
    run_all(workspace)
    status = score_sweep(workspace, parts, made.id, quiet, threading.Event())
    assert [run.base_model for run in status.runs if run] == ["small", "large"]
    assert [point.score.mean for point in status.curve.points if point.score] == [1.0, 1.0]
    assert (
        "the larger model is not shown to pay, and 20 questions are too few"
        in status.curve.sentences[0]
    )
    with pytest.raises(InvalidRequest, match="largest model of the ladder"):
        plan_sweep(workspace, parts, "model", PRESETS["quick"], ladder=())


def test_what_cannot_be_swept(workspace: Workspace, parts: Assistant) -> None:
    empty = workspace.create("Empty", "", parts.base_model)
    with pytest.raises(ExamplesError, match="no examples"):
        planned(workspace, empty, "data")
    workspace.store.add_examples(empty.id, [Example("a", "Why?", "So.", "written", "train")])
    with pytest.raises(InvalidRequest, match=r"scored on the recall test.*write examples") as told:
        planned(workspace, empty, "data")
    assert "--questions" not in str(told.value)  # which a sweep does not take
    workspace.store.set_rejected(empty.id, ["a"], True)
    with pytest.raises(ExamplesError, match="All 1 training examples are rejected"):
        planned(workspace, empty, "data")
    with pytest.raises(NotFound):
        sweep_status(workspace, parts, "../parts")


def test_a_sweep_cut_off_while_it_began_is_gone_on_with(
    workspace: Workspace, parts: Assistant, trainers: Trainers
) -> None:
    made = start_sweep(workspace, parts, planned(workspace, parts, "data"))
    run_all(workspace)
    runs = workspace.runs(parts)
    gone, half = (runs.folder / made.points[place].run_id for place in (1, 2))
    shutil.rmtree(gone)  # as if it had never been made
    (half / "done.json").unlink()  # as if its worker had been killed
    labels.delete(runs, made.points[0].run_id)
    assert sweep_status(workspace, parts, made.id).unfinished
    continue_sweep(workspace, parts, made.id)
    run_all(workspace)
    assert sorted(trainers.started[4:]) == sorted([gone.name, half.name])
    states = [run.state if run else None for run in sweep_status(workspace, parts, made.id).runs]
    assert states == [None, "done", "done", "done"]


def test_missing_runs_are_not_made_of_other_data(workspace: Workspace, parts: Assistant) -> None:
    made = start_sweep(workspace, parts, planned(workspace, parts, "data"))
    run_all(workspace)
    shutil.rmtree(workspace.runs(parts).folder / made.points[1].run_id)
    workspace.store.add_examples(parts.id, [Example("n", "New?", "Yes.", "written", "train")])
    with pytest.raises(Conflict, match="begin a new sweep"):
        continue_sweep(workspace, parts, made.id)


def test_scoring_goes_on_where_it_stopped(
    workspace: Workspace, parts: Assistant, trainers: Trainers
) -> None:
    made = start_sweep(workspace, parts, planned(workspace, parts, "learning-rate"))
    run_all(workspace)
    cancelled = threading.Event()

    def stop_soon(progress: EvaluationProgress) -> None:
        if progress.done > 20:
            cancelled.set()

    stopped = score_sweep(workspace, parts, made.id, stop_soon, cancelled)
    assert 20 < stopped.answered < stopped.to_answer and stopped.state == "to score"
    folder = sweep_folder(workspace, parts, made.id)
    with folder.scores.open("ab") as file:
        file.write(b'{"name": "cut sho')  # a kill in the middle of a line
    status = score_sweep(workspace, parts, made.id, quiet, threading.Event())
    assert (status.state, status.answered) == ("done", 4 * FACTS)
    asked = [(one.contender, one.question) for one in read_answers(folder)]
    assert len(asked) == len(set(asked)) == 4 * FACTS  # nothing was asked twice


def test_two_do_not_score_at_once(workspace: Workspace, parts: Assistant) -> None:
    made = start_sweep(workspace, parts, planned(workspace, parts, "learning-rate"))
    run_all(workspace)

    def again(progress: EvaluationProgress) -> None:
        with pytest.raises(Conflict, match="being scored already"):
            score_sweep(workspace, parts, made.id, quiet, threading.Event())

    score_sweep(workspace, parts, made.id, again, threading.Event())


def test_a_run_that_failed_is_left_out_of_the_curve(
    workspace: Workspace, parts: Assistant, trainers: Trainers
) -> None:
    trainers.first_to_die = 1
    made = start_sweep(workspace, parts, planned(workspace, parts, "learning-rate"))
    run_all(workspace)
    status = score_sweep(workspace, parts, made.id, quiet, threading.Event())
    assert [bool(point.score) for point in status.curve.points] == [True, False, False]
    assert status.state == "done" and status.unfinished


def test_the_newest_version_of_rag_counts(workspace: Workspace, parts: Assistant) -> None:
    made = start_sweep(workspace, parts, planned(workspace, parts, "learning-rate"))
    folder = sweep_folder(workspace, parts, made.id)
    old = ScoredAnswer("rag", "old", "q", "", {"fact_recall": 0.0})
    add_answers(folder, [old, replace(old, contender="new", scores={"fact_recall": 1.0})])
    assert kept_scores(folder).recall("rag") == {"q": 1.0}


def test_sweeps_are_listed_newest_first(workspace: Workspace, parts: Assistant) -> None:
    first = start_sweep(workspace, parts, planned(workspace, parts, "learning-rate"))
    second = start_sweep(workspace, parts, planned(workspace, parts, "data"))
    assert [one.id for one in sweeps(workspace, parts)] == [second.id, first.id]
    assert first.created_at < second.created_at <= datetime.now(UTC)
