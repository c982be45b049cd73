"""The values of a sweep, and its folder `sweeps/<id>/`.

sweep.json       what is tried: a point for each run, by its id, and the points that did not fit
questions.json   the held-out questions that every contender is asked, fixed when it began
scores.jsonl     a line for each answer, with its scores
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, get_args

from assistant.errors import NotFound
from assistant.training.folder import read_json, write_json
from assistant.training.settings import TrainingSettings
from retrieval.questions import Question

SweepKind = Literal["data", "learning-rate", "model"]
SWEEP_KINDS: tuple[SweepKind, ...] = get_args(SweepKind)

SweepState = Literal["training", "to score", "done"]


@dataclass(frozen=True, slots=True)
class Point:
    """One run of a sweep.

    value: the share of the data in (0, 1], the learning rate, or the weights of the base model.
    label: the value as shown. seconds: that its training was reckoned to take, None where nothing
    was measured. base_model: as an assistant names it. learning_rate: of the base model's size, or
    what was given.
    """

    label: str
    value: float
    run_id: str
    seconds: float | None
    base_model: str
    learning_rate: float


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A point that did not fit into the minutes, or could not be had. reason: one sentence."""

    label: str
    value: float
    reason: str


@dataclass(frozen=True, slots=True)
class Sweep:
    """What a sweep tries.

    minutes: for training all of it, None for no limit. settings: of every point but for its
    learning rate; epochs are the same for all. data_sha256: of the examples it began with.
    """

    id: str
    kind: SweepKind
    assistant_id: str
    created_at: datetime
    minutes: float | None
    settings: TrainingSettings
    points: tuple[Point, ...]
    left_out: tuple[LeftOut, ...]
    data_sha256: str

    def settings_of(self, point: Point) -> TrainingSettings:
        """What a point is trained with."""
        return replace(self.settings, learning_rate=point.learning_rate)


@dataclass(frozen=True, slots=True)
class SweepFolder:
    """The folder of a sweep, by the names above."""

    path: Path

    @property
    def sweep(self) -> Path:
        return self.path / "sweep.json"

    @property
    def questions(self) -> Path:
        return self.path / "questions.json"

    @property
    def scores(self) -> Path:
        return self.path / "scores.jsonl"

    def write(self, sweep: Sweep, questions: tuple[Question, ...]) -> None:
        """Make the folder, the sweep last: without it there is none. Raises OSError."""
        self.path.mkdir(parents=True, exist_ok=True)
        write_json(self.questions, {"questions": [asdict(one) for one in questions]})
        about = {**asdict(sweep), "created_at": sweep.created_at.isoformat()}
        write_json(self.sweep, about)

    def read(self) -> Sweep:
        """Raises NotFound, OSError."""
        about = read_json(self.sweep)
        if about is None:
            raise NotFound(f"There is no sweep {self.path.name}.")
        return Sweep(
            **{
                **about,
                "created_at": datetime.fromisoformat(about["created_at"]),
                "settings": TrainingSettings(**about["settings"]),
                "points": tuple(Point(**one) for one in about["points"]),
                "left_out": tuple(LeftOut(**one) for one in about["left_out"]),
            }
        )

    def read_questions(self) -> tuple[Question, ...]:
        """The held-out questions. Raises OSError."""
        held: list[dict[str, Any]] = (read_json(self.questions) or {}).get("questions", [])
        return tuple(Question(**{**one, "answers": tuple(one["answers"])}) for one in held)
