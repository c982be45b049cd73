"""The files of one fine-tuning run: what the page and the worker know of each other.

run.json          what was asked for, and what of: enough to explain the adapter later
train.jsonl       prompt-completion rows, the very messages that chat uses
validation.jsonl  the same, never trained on
local.json        where the base model lies on this machine; never part of what is shared
process.json      the worker: pid and the time it started, so that a reused pid is not taken for it
progress.jsonl    a line for each step
stop              its presence asks the worker to save and end
checkpoints/      the trainer's own, the last two
adapter/          the result, renamed into place when whole
done.json         the run ended with an adapter;  error.json: it ended with a sentence
worker.log        what the worker printed
"""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

ADAPTER_FILES = ("adapter_config.json", "adapter_model.safetensors")
_COMPLETE = "complete"


@dataclass(frozen=True, slots=True)
class Step:
    """One optimiser step as it was measured.

    step: from 1. loss: mean negative log-likelihood of an answer token of the step's rows, in nats.
    validation_loss: the same over the validation rows, where it was measured after this step.
    tokens_per_second: useful (non-padding) tokens of the step's rows by the step's own time.
    seconds: since training began, interruptions left out. seconds_left: from the steps measured so
    far.
    """

    step: int
    total_steps: int
    epoch: float
    loss: float
    validation_loss: float | None
    tokens_per_second: float
    seconds: float
    seconds_left: float


@dataclass(frozen=True, slots=True)
class Progress:
    """What progress.jsonl says. untrained_loss: validation loss before the first step, in nats."""

    steps: tuple[Step, ...]
    untrained_loss: float | None


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The folder of a run, by the names above."""

    path: Path

    @property
    def run(self) -> Path:
        return self.path / "run.json"

    @property
    def train(self) -> Path:
        return self.path / "train.jsonl"

    @property
    def validation(self) -> Path:
        return self.path / "validation.jsonl"

    @property
    def local(self) -> Path:
        return self.path / "local.json"

    @property
    def process(self) -> Path:
        return self.path / "process.json"

    @property
    def progress(self) -> Path:
        return self.path / "progress.jsonl"

    @property
    def stop(self) -> Path:
        return self.path / "stop"

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    @property
    def adapter(self) -> Path:
        return self.path / "adapter"

    @property
    def done(self) -> Path:
        return self.path / "done.json"

    @property
    def error(self) -> Path:
        return self.path / "error.json"

    @property
    def log(self) -> Path:
        return self.path / "worker.log"

    def usable_adapter(self) -> Path | None:
        """The adapter's folder where it is whole."""
        whole = all((self.adapter / name).is_file() for name in ADAPTER_FILES)
        return self.adapter if whole else None

    def last_checkpoint(self) -> Path | None:
        """The newest checkpoint that was written to its end; a kill in the middle leaves others."""
        if not self.checkpoints.is_dir():
            return None
        whole = [path.parent for path in self.checkpoints.glob(f"checkpoint-*/{_COMPLETE}")]
        return max(whole, key=_checkpoint_step, default=None)

    def mark_complete(self, checkpoint: Path) -> None:
        """Say that a checkpoint is whole, after its bytes have reached the disk."""
        for path in checkpoint.iterdir():
            _sync(path)
        write_text(checkpoint / _COMPLETE, "")

    def drop_incomplete_checkpoints(self) -> None:
        """Delete what a kill left half written."""
        if not self.checkpoints.is_dir():
            return
        for path in self.checkpoints.glob("checkpoint-*"):
            if not (path / _COMPLETE).is_file():
                shutil.rmtree(path)

    def read_progress(self) -> Progress:
        """The steps so far."""
        return ProgressReader(self.progress).read()


class ProgressReader:
    """Reads progress.jsonl again and again, each time only what was added.

    Each step comes once: where a resumed run repeats steps, the later ones count. A line cut short
    by a kill is passed over.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._one_at_a_time = threading.Lock()
        self._read = 0  # bytes
        self._steps: dict[int, Step] = {}
        self._untrained: float | None = None

    def read(self) -> Progress:
        """The steps so far; none where there is no file yet. Raises OSError."""
        with self._one_at_a_time:
            self._read_added()
            return Progress(tuple(self._steps.values()), self._untrained)

    def _read_added(self) -> None:
        try:
            size = self._path.stat().st_size
        except FileNotFoundError:
            size = 0
        if size < self._read:  # the run began anew
            self._read, self._steps, self._untrained = 0, {}, None
        if size > self._read:
            with self._path.open("rb") as file:
                file.seek(self._read)
                added = file.read()
            whole = added[: added.rfind(b"\n") + 1]
            self._read += len(whole)
            for line in whole.splitlines():
                self._take(line)

    def _take(self, line: bytes) -> None:
        try:
            entry = json.loads(line)
        except ValueError:
            return
        number = entry["step"]
        if number == 0:
            self._untrained = entry["validation_loss"]
        elif "loss" in entry:
            for later in [step for step in self._steps if step >= number]:
                del self._steps[later]
            self._steps[number] = Step(**entry)
        elif number in self._steps:
            self._steps[number] = replace(self._steps[number], **entry)


def read_json(path: Path) -> dict[str, Any] | None:
    """The object in a JSON file, None where there is no such file."""
    try:
        value: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return value


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Write a JSON file so that it is there whole or not at all."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a text file so that it is there whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        with temporary.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def write_rows(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    """Write JSON objects one to a line, whole or not at all."""
    write_text(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def read_rows(path: Path) -> list[dict[str, Any]]:
    """The JSON objects of a file that has one to a line."""
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.strip()]


def _checkpoint_step(path: Path) -> int:
    return int(path.name.rpartition("-")[2])


def _sync(path: Path) -> None:
    with path.open("r+b") as file:
        os.fsync(file.fileno())


def append_progress(path: Path, entry: Step | dict[str, Any]) -> None:
    """Add a line to the progress file at once, so that the page sees it."""
    value = asdict(entry) if isinstance(entry, Step) else entry
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(value) + "\n")
