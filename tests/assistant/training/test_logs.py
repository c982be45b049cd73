"""The figures of a run for TensorBoard, trackio and MLflow, with fakes and with what is there."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from assistant.errors import InvalidRequest
from assistant.training import logs
from assistant.training.folder import RunFolder, write_json
from assistant.training.log_writers import LogWriter, RunLogs, writer_of
from assistant.training.logs import checked_logs, log_command, log_place
from assistant.training.progress import ProgressReader, Step, append_progress

STEP = Step(1, 9, 0.1, 2.0, None, 100.0, 1.0, 8.0)
RUN = {"id": "r1", "assistant": {"name": "Kettle"}, "settings": {"rank": 16, "epochs": None}}


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    made = RunFolder(tmp_path / "assistants" / "kettle" / "runs" / "r1")
    made.path.mkdir(parents=True)
    write_json(made.local, {"home": str(tmp_path)})
    return made


class Notebook:
    def __init__(self) -> None:
        self.lines: list[tuple[int, dict[str, float]]] = []
        self.closed = False
        self.full = False

    def write(self, step: int, figures: Mapping[str, float]) -> None:
        if self.full:
            raise OSError(28, "No space left on device")
        self.lines.append((step, dict(figures)))

    def close(self) -> None:
        self.closed = True


def opened(book: Notebook) -> Any:
    def open_writer(name: str, place: Path, run: Mapping[str, Any]) -> LogWriter:
        return book

    return open_writer


def test_each_figure_is_written_once_and_late_ones_too(folder: RunFolder) -> None:
    book = Notebook()
    kept = RunLogs(folder, {**RUN, "log_to": ["mlflow"]}, 0, opened(book))
    append_progress(folder.progress, {"step": 0, "validation_loss": 3.0})
    append_progress(folder.progress, STEP)
    kept.update()
    kept.update()
    append_progress(folder.progress, {"step": 1, "validation_loss": 1.5, "held_out_recall": 0.25})
    kept.update()
    append_progress(folder.progress, replace(STEP, step=2, loss=1.0))
    kept.close()
    assert book.lines == [
        (1, {"loss": 2.0, "tokens_per_second": 100.0}),
        (1, {"validation_loss": 1.5, "held_out_recall": 0.25}),
        (2, {"loss": 1.0, "tokens_per_second": 100.0}),
    ]
    assert book.closed


def test_a_resumed_run_goes_on_where_it_was(folder: RunFolder) -> None:
    book = Notebook()
    for number in (1, 2, 3):
        append_progress(folder.progress, replace(STEP, step=number))
    RunLogs(folder, {**RUN, "log_to": ["mlflow"]}, 2, opened(book)).close()
    assert [step for step, _ in book.lines] == [3]


def test_a_log_that_fails_ends_with_a_notice_and_the_run_goes_on(folder: RunFolder) -> None:
    book = Notebook()
    kept = RunLogs(folder, {**RUN, "log_to": ["trackio"]}, 0, opened(book))
    append_progress(folder.progress, STEP)
    book.full = True
    kept.update()
    kept.close()
    (notice,) = ProgressReader(folder.progress).read().notices
    assert notice.startswith("The log for trackio was ended") and "No space left" in notice
    assert not book.closed


def test_a_log_that_cannot_be_opened_is_a_notice(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    RunLogs(folder, {**RUN, "log_to": ["mlflow"]}).close()
    assert "The log for MLflow was ended" in ProgressReader(folder.progress).read().notices[0]


def test_what_is_not_installed_is_told_before_anything_is_started(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(logs, "installed", lambda name: name == "tensorboard")
    assert checked_logs(["tensorboard", "tensorboard"]) == ("tensorboard",)
    with pytest.raises(InvalidRequest, match="MLflow is not installed, so nothing was started"):
        checked_logs(["tensorboard", "mlflow"])
    with pytest.raises(InvalidRequest, match="“wandb” is no log"):
        checked_logs(["wandb"])


def test_all_logs_lie_in_this_home(folder: RunFolder, tmp_path: Path) -> None:
    assert log_place("tensorboard", folder) == folder.path / "tensorboard"
    assert log_place("trackio", folder) == tmp_path / "trackio"
    assert log_place("mlflow", folder) == tmp_path / "mlflow"
    assert log_command("tensorboard", folder) == f"tensorboard --logdir {folder.path.parent}"


class FakeTrackio(ModuleType):
    def __init__(self) -> None:
        super().__init__("trackio")
        self.calls: list[tuple[str, Any]] = []

    def init(self, **given: Any) -> None:
        self.calls.append(("init", given))

    def log(self, figures: dict[str, float], step: int) -> None:
        self.calls.append(("log", (step, figures)))

    def finish(self) -> None:
        self.calls.append(("finish", None))


def test_trackio_is_told_of_no_other_place(
    folder: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakeTrackio()
    monkeypatch.setitem(sys.modules, "trackio", fake)
    monkeypatch.setenv("TRACKIO_SPACE_ID", "someone/space")
    monkeypatch.setenv("TRACKIO_DIR", "elsewhere")
    writer = writer_of("trackio", log_place("trackio", folder), RUN)
    writer.write(1, {"loss": 2.0})
    writer.close()
    assert os.environ["TRACKIO_DIR"] == str(tmp_path / "trackio")
    assert "TRACKIO_SPACE_ID" not in os.environ
    (_, given), logged, _ = fake.calls
    assert given["space_id"] is None and given["project"] == "Kettle" and given["name"] == "r1"
    assert given["config"] == {"base_model": "", "rows": 0, "data": "", "rank": 16}
    assert logged == ("log", (1, {"loss": 2.0}))


@pytest.mark.slow  # the package takes seconds to import
@pytest.mark.skipif(find_spec("tensorboard") is None, reason="TensorBoard is not installed")
def test_tensorboard_reads_what_was_written(folder: RunFolder) -> None:
    append_progress(folder.progress, STEP)
    RunLogs(folder, {**RUN, "log_to": ["tensorboard"]}).close()
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    read = EventAccumulator(str(folder.path / "tensorboard")).Reload()
    assert [(event.step, event.value) for event in read.Scalars("loss")] == [(1, 2.0)]


@pytest.mark.slow  # the package takes seconds to import
@pytest.mark.skipif(find_spec("mlflow") is None, reason="MLflow is not installed")
def test_mlflow_reads_what_was_written(folder: RunFolder, tmp_path: Path) -> None:
    append_progress(folder.progress, STEP)
    RunLogs(folder, {**RUN, "log_to": ["mlflow"]}).close()
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=f"sqlite:///{tmp_path / 'mlflow' / 'mlflow.db'}")
    (run,) = client.search_runs([client.get_experiment_by_name("Kettle").experiment_id])
    assert run.data.metrics["loss"] == 2.0 and run.data.params["rank"] == "16"
