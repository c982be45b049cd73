"""The files of one fine-tuning run: what the page and the worker know of each other.

run.json          what was asked for, and what of: enough to explain the adapter later
train.jsonl       prompt-completion rows, the very messages that chat uses
validation.jsonl  the same, never trained on
held_out.json     questions asked while it trains: other wordings of trained facts, and samples
general.jsonl     requests of no field with the base model's answers, where they were asked for
parent/           the adapter that a run on votes goes on from, its own copy
replay.jsonl      rows of that run, mixed in so that what they taught is not lost
local.json        where the base model lies on this machine, and DUET_HOME; never shared
queued.json       its place in the queue, while it waits for another run to end
label.json        the name and the note that a person gave it
process.json      the worker: pid and the time it started, so that a reused pid is not taken for it
preflight.json    what the run needs and what it was given, measured before its first step
progress.jsonl    a line for each step, and for each evaluation its figures and sample answers
estimate-only     its presence asks the worker to measure what the run needs, and no more
stop              its presence asks the worker to save and end
checkpoints/      the trainer's own, the last two
best/             the adapter of the best evaluation so far, until the run is done
adapter/          the result, renamed into place when whole
done.json         the run ended with an adapter;  error.json: it ended with a sentence
worker.log        what the worker printed
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.training.progress import Progress, ProgressReader

ADAPTER_FILES = ("adapter_config.json", "adapter_model.safetensors")
_COMPLETE = "complete"


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
    def general(self) -> Path:
        return self.path / "general.jsonl"

    @property
    def parent(self) -> Path:
        return self.path / "parent"

    @property
    def replay(self) -> Path:
        return self.path / "replay.jsonl"

    @property
    def local(self) -> Path:
        return self.path / "local.json"

    @property
    def process(self) -> Path:
        return self.path / "process.json"

    @property
    def held_out(self) -> Path:
        return self.path / "held_out.json"

    @property
    def preflight(self) -> Path:
        return self.path / "preflight.json"

    @property
    def estimate_only(self) -> Path:
        return self.path / "estimate-only"

    @property
    def best(self) -> Path:
        return self.path / "best"

    @property
    def queued(self) -> Path:
        return self.path / "queued.json"

    @property
    def label(self) -> Path:
        return self.path / "label.json"

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
        return max(whole, key=checkpoint_step, default=None)

    def mark_complete(self, checkpoint: Path) -> None:
        """Say that a checkpoint is whole, after its bytes have reached the disk."""
        for path in checkpoint.rglob("*"):  # a reference adapter has a folder of its own
            if path.is_file():
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


def checkpoint_step(path: Path) -> int:
    """The step after which a checkpoint was written."""
    return int(path.name.rpartition("-")[2])


def _sync(path: Path) -> None:
    with path.open("r+b") as file:
        os.fsync(file.fileno())
