"""The figures of a run written to TensorBoard, trackio or MLflow, as they are in progress.jsonl.

A log is never a reason for a run to fail: one that cannot be written is ended, with a notice.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict
from importlib import import_module  # none of these packages need be there
from pathlib import Path
from typing import Any, Protocol

from assistant.training.folder import RunFolder
from assistant.training.logs import LOGS, log_place
from assistant.training.progress import ProgressReader, append_progress

logger = logging.getLogger(__name__)

_FIGURES = (
    "loss",
    "validation_loss",
    "held_out_recall",
    "tokens_per_second",
    "memory_bytes",
    "gpu_use",
)
# By which these tools would be sent elsewhere.
_ELSEWHERE = ("TRACKIO_SPACE_ID", "TRACKIO_SERVER_URL", "TRACKIO_BUCKET_ID", "TRACKIO_WEBHOOK_URL")


class LogWriter(Protocol):
    """Takes the figures of one step after the other. All of it may raise anything."""

    def write(self, step: int, figures: Mapping[str, float]) -> None: ...

    def close(self) -> None: ...


class RunLogs:
    """The logs of one run. Figures that a resumed run repeats are written again.

    open_writer: from a log's name, its place and run.json to its writer.
    """

    def __init__(
        self,
        folder: RunFolder,
        run: Mapping[str, Any],
        begun: int = 0,
        open_writer: Callable[[str, Path, Mapping[str, Any]], LogWriter] | None = None,
    ) -> None:
        self._folder = folder
        self._progress = ProgressReader(folder.progress)
        self._begun = begun
        self._written: set[tuple[int, str]] = set()
        self._writers: dict[str, LogWriter] = {}
        for name in run.get("log_to") or ():
            try:
                place = log_place(name, folder)
                self._writers[name] = (open_writer or writer_of)(name, place, run)
            except Exception as error:
                self._give_up(name, error)

    def update(self) -> None:
        """Write what the run has said since."""
        if not self._writers:
            return
        for step in self._progress.read().steps:
            figures = {
                name: float(value)
                for name, value in asdict(step).items()
                if name in _FIGURES and value is not None and (step.step, name) not in self._written
            }
            if not figures or step.step <= self._begun:
                continue
            self._written |= {(step.step, name) for name in figures}
            for name, writer in list(self._writers.items()):
                try:
                    writer.write(step.step, figures)
                except Exception as error:
                    self._give_up(name, error)

    def close(self) -> None:
        """Write the rest, and end."""
        self.update()
        for name, writer in list(self._writers.items()):
            try:
                writer.close()
            except Exception as error:
                self._give_up(name, error)
        self._writers.clear()

    def _give_up(self, name: str, error: Exception) -> None:
        self._writers.pop(name, None)
        logger.warning("%s could not be written", LOGS.get(name, name), exc_info=error)
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        notice = f"The log for {LOGS.get(name, name)} was ended ({reason}); the training goes on."
        append_progress(self._folder.progress, {"step": self._begun, "notice": notice})


def writer_of(name: str, place: Path, run: Mapping[str, Any]) -> LogWriter:
    """Open the log of that name; the package is imported here, and nowhere else."""
    place.mkdir(parents=True, exist_ok=True)
    kinds: dict[str, Callable[[Path, Mapping[str, Any]], LogWriter]] = {
        "tensorboard": _TensorBoard,
        "trackio": _Trackio,
        "mlflow": _MLflow,
    }
    return kinds[name](place, run)


class _TensorBoard:
    def __init__(self, place: Path, run: Mapping[str, Any]) -> None:
        tensorboard: Any = import_module("torch.utils.tensorboard")
        self._writer = tensorboard.SummaryWriter(log_dir=str(place))
        shown = "\n".join(f"- {name}: {value}" for name, value in _settings(run).items())
        self._writer.add_text("settings", shown)

    def write(self, step: int, figures: Mapping[str, float]) -> None:
        for name, value in figures.items():
            self._writer.add_scalar(name, value, step)
        self._writer.flush()

    def close(self) -> None:
        self._writer.close()


class _Trackio:
    def __init__(self, place: Path, run: Mapping[str, Any]) -> None:
        os.environ["TRACKIO_DIR"] = str(place)
        for name in _ELSEWHERE:
            os.environ.pop(name, None)
        self._trackio: Any = import_module("trackio")
        project = str((run.get("assistant") or {}).get("name") or "Duet")
        self._trackio.init(
            project=project, name=run["id"], config=_settings(run), resume="allow", space_id=None
        )

    def write(self, step: int, figures: Mapping[str, float]) -> None:
        self._trackio.log(dict(figures), step=step)

    def close(self) -> None:
        self._trackio.finish()


class _MLflow:
    def __init__(self, place: Path, run: Mapping[str, Any]) -> None:
        os.environ |= {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
        mlflow: Any = import_module("mlflow")
        self._client = mlflow.MlflowClient(tracking_uri=f"sqlite:///{place / 'mlflow.db'}")
        name = str((run.get("assistant") or {}).get("name") or "Duet")
        known = self._client.get_experiment_by_name(name)
        artifacts = (place / "artifacts").as_uri()
        experiment = (
            known.experiment_id
            if known is not None
            else self._client.create_experiment(name, artifact_location=artifacts)
        )
        self._run = self._client.create_run(experiment, run_name=run["id"]).info.run_id
        for setting, value in _settings(run).items():
            self._client.log_param(self._run, setting, value)

    def write(self, step: int, figures: Mapping[str, float]) -> None:
        for name, value in figures.items():
            self._client.log_metric(self._run, name, value, step=step)

    def close(self) -> None:
        self._client.set_terminated(self._run)


def _settings(run: Mapping[str, Any]) -> dict[str, str | int | float]:
    """What a run was made with, of the kinds that every tool takes."""
    flat: dict[str, Any] = {
        "base_model": run.get("base_model", ""),
        "rows": (run.get("rows") or {}).get("train", 0),
        "data": str(run.get("data_sha256", ""))[:8],
        **(run.get("settings") or {}),
    }
    return {name: value for name, value in flat.items() if isinstance(value, str | int | float)}
