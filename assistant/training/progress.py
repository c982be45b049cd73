"""What a run says of itself while it trains: the lines of progress.jsonl, and reading them again.

A line is a step, or {"step", "validation_loss", "held_out_recall"} of an evaluation after it, or
{"step", "samples"}, or {"step", "notice"}; step 0 is before training.
"""

from __future__ import annotations

import json
import threading
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Step:
    """One optimiser step as it was measured.

    step: from 1. loss: mean negative log-likelihood of an answer token of the step's rows, in nats.
    validation_loss: the same over the validation rows, where it was measured after this step.
    tokens_per_second: useful (non-padding) tokens of the step's rows by the step's own time.
    seconds: since training began, interruptions left out. seconds_left: from the steps measured so
    far. held_out_recall: share of the held-out questions whose fact the tuned model recalled, in
    [0, 1], where they were asked after this step. memory_bytes: of the process, or allocated on the
    GPU, at the step's end; peak_memory_bytes: the most so far. gpu_use: share of the time that the
    GPU was at work, in [0, 1], where it can be known. reward_margin: of a run on votes, by how much
    the held-back chosen answers are rewarded above the rejected ones, in nats times beta;
    reward_accuracy: share of the held-back pairs in which they are, in [0, 1].
    """

    step: int
    total_steps: int
    epoch: float
    loss: float
    validation_loss: float | None
    tokens_per_second: float
    seconds: float
    seconds_left: float
    held_out_recall: float | None = None
    memory_bytes: int | None = None
    peak_memory_bytes: int | None = None
    gpu_use: float | None = None
    reward_margin: float | None = None
    reward_accuracy: float | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """An answer of the model as it was after a step; step 0 is the base model.

    held_out: whether the question was kept from training. recalled: whether the answer holds the
    fact, by `assistant.recall.fact_recalled`.
    """

    step: int
    question: str
    reference: str
    answer: str
    held_out: bool
    recalled: bool


@dataclass(frozen=True, slots=True)
class Progress:
    """What progress.jsonl says.

    untrained_loss, untrained_recall: of the validation rows and held-out questions before the first
    step. notices: what the run had to do otherwise than it was told, one sentence each.
    """

    steps: tuple[Step, ...]
    untrained_loss: float | None
    untrained_recall: float | None = None
    samples: tuple[Sample, ...] = ()
    notices: tuple[str, ...] = ()


class ProgressReader:
    """Reads progress.jsonl again and again, each time only what was added.

    Each step comes once: where a resumed run repeats steps, the later ones count. A line cut short
    by a kill is passed over.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._one_at_a_time = threading.Lock()
        self._forget()

    def _forget(self) -> None:
        self._read = 0  # bytes
        self._steps: dict[int, Step] = {}
        self._untrained: float | None = None
        self._untrained_recall: float | None = None
        self._samples: dict[int, tuple[Sample, ...]] = {}
        self._notices: dict[str, None] = {}

    def read(self) -> Progress:
        """The steps so far; none where there is no file yet. Raises OSError."""
        with self._one_at_a_time:
            self._read_added()
            return Progress(
                tuple(self._steps.values()),
                self._untrained,
                self._untrained_recall,
                tuple(sample for samples in self._samples.values() for sample in samples),
                tuple(self._notices),
            )

    def _read_added(self) -> None:
        try:
            size = self._path.stat().st_size
        except FileNotFoundError:
            size = 0
        if size < self._read:  # the run began anew
            self._forget()
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
        if "notice" in entry:
            self._notices[entry["notice"]] = None
        elif "samples" in entry:
            answered = [Sample(step=number, **sample) for sample in entry["samples"]]
            self._samples[number] = tuple(answered)
        elif number == 0:
            self._untrained = entry["validation_loss"]
            self._untrained_recall = entry.get("held_out_recall")
        elif "loss" in entry:
            self._drop_from(number)
            self._steps[number] = Step(**entry)
        elif number in self._steps:
            self._steps[number] = replace(self._steps[number], **entry)

    def _drop_from(self, number: int) -> None:
        for kept in (self._steps, self._samples):
            for later in [step for step in kept if step >= number]:
                del kept[later]


def append_progress(path: Path, entry: Step | dict[str, Any]) -> None:
    """Add a line to the progress file at once, so that the page sees it."""
    value = asdict(entry) if isinstance(entry, Step) else entry
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(value) + "\n")
