"""Runs as their folders and processes tell of them, with a sleeping process for a worker."""

from __future__ import annotations

import errno
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from assistant.errors import (
    Conflict,
    ExamplesError,
    InvalidRequest,
    ModelError,
    NotFound,
    StoreError,
    TrainingError,
)
from assistant.prompts import PromptPassage, training_row
from assistant.records import Assistant, Example
from assistant.runs import Run, Runs, TrainingSettings
from assistant.training.folder import RunFolder, write_json
from assistant.training.process import process_alive, worker_environment, write_process
from assistant.training.progress import Step, append_progress
from assistant.training.queue import RunQueue

ASSISTANT = Assistant(
    "a1",
    "kettle",
    "Kettle",
    "Helps.",
    "Be brief.",
    "builtin",
    "builtin",
    datetime(2026, 1, 1, tzinfo=UTC),
)
EXAMPLES = [
    Example("e1", "How big?", "Two litres.", "written", "train", document="manual.md"),
    Example("e2", "How old?", "Three years.", "written", "validation"),
    Example("e3", "How tall?", "Very tall.", "written", "recall"),
    Example("e4", "How wide?", "Not wide.", "written", "generalisation"),
]


class Workers:
    """Starts processes that sleep in place of training."""

    def __init__(self) -> None:
        self.started: list[subprocess.Popen[bytes]] = []
        self.fail: OSError | None = None

    def __call__(self, folder: RunFolder) -> subprocess.Popen[bytes]:
        if self.fail is not None:
            raise self.fail
        command = [sys.executable, "-c", "import time; time.sleep(120)"]
        worker = subprocess.Popen(command, start_new_session=True)
        self.started.append(worker)
        write_process(folder, worker.pid)
        return worker

    def kill(self) -> None:
        for worker in self.started:
            worker.kill()
            worker.wait()


@pytest.fixture
def workers() -> Iterator[Workers]:
    made = Workers()
    yield made
    made.kill()


@pytest.fixture
def runs(tmp_path: Path, workers: Workers) -> Runs:
    return runs_of(tmp_path / "runs", workers)


def runs_of(folder: Path, workers: Workers) -> Runs:
    """Runs whose next one is started by nobody but the test."""
    return Runs(folder, queue=RunQueue(folder.parent, workers, folder.name, no_keeper))


def no_keeper(home: Path, run_folders: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", ""])


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(b"0" * 1000)
    return folder


@pytest.fixture
def start(runs: Runs, model: Path) -> Callable[[], Run]:
    return lambda: runs.start(ASSISTANT, model, EXAMPLES, TrainingSettings())


def finish(runs: Runs, run: Run, workers: Workers, *, stopped: bool = False) -> RunFolder:
    folder = RunFolder(runs.folder / run.id)
    folder.adapter.mkdir(exist_ok=True)
    for name in ("adapter_config.json", "adapter_model.safetensors"):
        (folder.adapter / name).write_text("{}")
    write_json(folder.done, {"stopped": stopped})
    workers.kill()
    return folder


def step(number: int) -> Step:
    return Step(number, 10, number / 10, 1.0, None, 100.0, 2.0 * number, 1.0)


def test_the_folder_explains_itself(runs: Runs, start: Callable[[], Run], tmp_path: Path) -> None:
    run = start()
    folder = RunFolder(runs.folder / run.id)
    about = json.loads(folder.run.read_text())
    assert about["assistant"]["system_prompt"] == "Be brief."
    assert about["documents"] == ["manual.md"]
    assert about["versions"].keys() >= {"python", "torch", "peft", "trl", "transformers"}
    assert about["settings"]["epochs"] > 0 and about["settings"]["learning_rate"] > 0
    assert str(tmp_path) not in folder.run.read_text()
    assert run.rows == {"train": 1, "validation": 1}
    assert (run.state, run.error, run.adapter, run.steps) == ("running", "", None, ())


def test_only_training_and_validation_reach_the_rows(runs: Runs, start: Callable[[], Run]) -> None:
    folder = RunFolder(runs.folder / start().id)
    assert [json.loads(line) for line in folder.train.read_text().splitlines()] == [
        training_row("Be brief.", "How big?", "Two litres.")
    ]
    assert "How old?" in folder.validation.read_text()
    texts = folder.train.read_text() + folder.validation.read_text()
    assert "tall" not in texts and "wide" not in texts


def test_passages_give_a_second_row(runs: Runs, model: Path) -> None:
    passage = PromptPassage("manual.md", "It holds two litres.")
    run = runs.start(ASSISTANT, model, EXAMPLES, TrainingSettings(), lambda example: [passage])
    assert run.rows == {"train": 2, "validation": 2}
    rows = RunFolder(runs.folder / run.id).train.read_text().splitlines()
    assert json.loads(rows[1]) == training_row("Be brief.", "How big?", "Two litres.", [passage])


def test_the_same_data_has_the_same_fingerprint(
    runs: Runs, start: Callable[[], Run], workers: Workers, model: Path
) -> None:
    first = start()
    workers.kill()
    again = start()
    workers.kill()
    other = runs.start(ASSISTANT, model, [replace(EXAMPLES[0], answer="3 l")], TrainingSettings())
    assert first.data_sha256 == again.data_sha256 != other.data_sha256


def test_what_cannot_be_started(runs: Runs, model: Path, tmp_path: Path, workers: Workers) -> None:
    with pytest.raises(InvalidRequest, match="Rank"):
        runs.start(ASSISTANT, model, EXAMPLES, TrainingSettings(rank=0))
    with pytest.raises(ExamplesError, match="no examples to train on"):
        runs.start(ASSISTANT, model, EXAMPLES[1:], TrainingSettings())
    with pytest.raises(ExamplesError, match="All 1 training examples are rejected"):
        runs.start(ASSISTANT, model, [replace(EXAMPLES[0], rejected=True)], TrainingSettings())
    with pytest.raises(ModelError, match="no base model"):
        runs.start(ASSISTANT, tmp_path / "none", EXAMPLES, TrainingSettings())
    workers.fail = OSError(errno.EAGAIN, "no more processes")
    with pytest.raises(TrainingError, match="could not be started"):
        runs.start(ASSISTANT, model, EXAMPLES, TrainingSettings())
    (failed,) = runs.list()
    assert failed.state == "failed" and "could not be started" in failed.error


def test_a_folder_that_cannot_be_written(tmp_path: Path, model: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="could not be written"):
        Runs(tmp_path / "file").start(ASSISTANT, model, EXAMPLES, TrainingSettings())


def test_one_run_at_a_time(
    runs: Runs, start: Callable[[], Run], model: Path, workers: Workers
) -> None:
    first = start()
    second = start()
    elsewhere = runs_of(runs.folder, workers)  # the command line beside the page
    third = elsewhere.start(ASSISTANT, model, EXAMPLES, TrainingSettings())
    assert [(run.state, run.position) for run in (first, second, third)] == [
        ("running", None),
        ("queued", 1),
        ("queued", 2),
    ]
    assert len(workers.started) == 1


def test_stopping(runs: Runs, start: Callable[[], Run], workers: Workers) -> None:
    run = start()
    assert runs.stop(run.id).state == "stopping"
    finish(runs, run, workers, stopped=True)
    stopped = runs.get(run.id)
    assert (stopped.state, stopped.error) == ("stopped", "")
    assert runs.latest_usable() == stopped
    with pytest.raises(Conflict, match="not running"):
        runs.stop(run.id)


def test_done(runs: Runs, start: Callable[[], Run], workers: Workers) -> None:
    run = start()
    assert runs.latest_usable() is None
    folder = finish(runs, run, workers)
    done = runs.get(run.id)
    assert (done.state, done.adapter) == ("done", folder.adapter)
    with pytest.raises(Conflict, match="nothing to resume"):
        runs.resume(run.id)


def test_failed(runs: Runs, start: Callable[[], Run], workers: Workers) -> None:
    run = start()
    write_json(RunFolder(runs.folder / run.id).error, {"error": "The disk is full."})
    assert runs.get(run.id).state == "running"
    workers.kill()
    assert (runs.get(run.id).state, runs.get(run.id).error) == ("failed", "The disk is full.")


def test_interrupted_and_resumed(runs: Runs, start: Callable[[], Run], workers: Workers) -> None:
    run = start()
    runs.stop(run.id)
    workers.kill()
    interrupted = runs.get(run.id)
    assert interrupted.state == "interrupted"
    assert "resume" in interrupted.error
    assert runs.resume(run.id).state == "running"  # and not still stopping
    assert len(workers.started) == 2


def test_a_worker_that_could_not_even_say_that_the_disk_is_full(
    runs: Runs, start: Callable[[], Run], workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = start()
    workers.kill()
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=4096))
    assert "free some space" in runs.get(run.id).error


def test_a_reused_pid_is_not_the_worker(
    runs: Runs, start: Callable[[], Run], workers: Workers
) -> None:
    run = start()
    folder = RunFolder(runs.folder / run.id)
    noted = json.loads(folder.process.read_text())
    assert process_alive(noted["pid"], noted["started"])
    write_json(folder.process, {"pid": noted["pid"], "started": noted["started"] - 60})
    assert runs.get(run.id).state == "interrupted"


def test_a_zombie_is_dead() -> None:
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    import psutil

    started = psutil.Process(child.pid).create_time()
    deadline = time.monotonic() + 30
    while psutil.Process(child.pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert not process_alive(child.pid, started)
    child.wait()


def test_newest_first_and_progress(runs: Runs, start: Callable[[], Run], workers: Workers) -> None:
    first = start()
    workers.kill()
    second = start()
    assert [run.id for run in runs.list()] == [second.id, first.id]
    folder = RunFolder(runs.folder / second.id)
    append_progress(folder.progress, {"step": 0, "validation_loss": 3.0})
    append_progress(folder.progress, step(1))
    assert runs.get(second.id).steps == (step(1),)
    append_progress(folder.progress, step(2))
    assert runs.list()[0].steps == (step(1), step(2))
    assert runs.list()[0].untrained_loss == 3.0


@pytest.mark.parametrize("name", ["none", "../runs", ".hidden", ""])
def test_unknown_runs(runs: Runs, start: Callable[[], Run], name: str) -> None:
    start()
    with pytest.raises(NotFound):
        runs.get(name)


def test_an_estimate_is_measured_or_none(
    runs: Runs, start: Callable[[], Run], workers: Workers
) -> None:
    settings = TrainingSettings(epochs=10)
    assert runs.estimate(ASSISTANT, EXAMPLES, settings) is None
    run = start()
    assert runs.estimate(ASSISTANT, EXAMPLES, settings) is None
    folder = RunFolder(runs.folder / run.id)
    for number in (1, 2, 3):
        append_progress(folder.progress, step(number))
    # Three steps took 6 s for 0.3 epochs, so 10 epochs of the same data take 200 s.
    assert runs.estimate(ASSISTANT, EXAMPLES, settings) == pytest.approx(200 / 60)
    other = replace(ASSISTANT, base_model="someone/else")
    assert runs.estimate(other, EXAMPLES, settings) is None
    folder.local.unlink()  # a run from another machine
    assert runs.estimate(ASSISTANT, EXAMPLES, settings) is None


def test_the_worker_is_offline_on_one_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,3")
    environment = worker_environment()
    assert environment["CUDA_VISIBLE_DEVICES"] == "2"
    assert environment["OMP_WAIT_POLICY"] == "passive"
    assert environment["HF_HUB_OFFLINE"] == "1"


def test_importing_the_core_imports_no_torch() -> None:
    code = (
        "import sys, assistant.runs, assistant.examples, assistant.writing.writing;"
        "import assistant.recall;"
        "assert not {'torch', 'transformers', 'gradio', 'datasets'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
