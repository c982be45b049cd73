"""The queue in words and times: what trains, what waits, and when each will start, about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.training.folder import RunFolder, read_json
from assistant.training.progress import ProgressReader, Step
from assistant.training.queue import RunQueue

_FEWEST_STEPS = 3  # below which a run says nothing of its speed


@dataclass(frozen=True, slots=True)
class Queued:
    """A run in the queue. position: 0 for the one at work, from 1 for those that wait.

    slug, assistant: of whom it is, for the page shows one assistant and the queue is of all.
    starts_in, takes: seconds, by what was measured on this machine; None where nothing was, so that
    nothing is invented.
    """

    run_id: str
    slug: str
    assistant: str
    name: str
    position: int
    starts_in: float | None
    takes: float | None


def queue_of(queue: RunQueue) -> tuple[Queued, ...]:
    """The run at work, where there is one, and those that wait, in their order. Raises OSError."""
    live, waiting = queue.live(), queue.waiting()
    ordered = [*([live] if live is not None else []), *waiting]
    if not ordered:
        return ()
    abouts = {folder.path: read_json(folder.run) or {} for folder in queue.folders()}
    speeds = _speeds(abouts)
    rows: list[Queued] = []
    before: float | None = 0.0
    for place, folder in enumerate(ordered, start=0 if live is not None else 1):
        about = abouts.get(folder.path, {})
        takes = _left(folder) if place == 0 else None
        takes = takes if takes is not None else _takes(about, speeds)
        rows.append(_queued(folder, about, place, before, takes))
        before = None if before is None or takes is None else before + takes
    return tuple(rows)


def waiting_sentence(queued: Sequence[Queued], run_id: str) -> str:
    """Where a run stands in the queue, and when it will start; "" where it does not wait."""
    place = next((place for place, one in enumerate(queued) if one.run_id == run_id), 0)
    if not queued or queued[place].run_id != run_id or queued[place].position == 0:
        return ""
    own = queued[place]
    starts = "when that will be is not known, for nothing like it was measured here"
    if own.starts_in is not None:
        starts = f"it starts in about {max(1, round(own.starts_in / 60))} min"
    if place == 0:
        return f"Run {run_id} is the next to start."
    before = queued[place - 1]
    title = f"“{before.name}”" if before.name else before.run_id
    return (
        f"Another run is at work, so this one waits: number {own.position} in the queue, behind "
        f"run {title} of {before.assistant}; {starts}."
    )


def _queued(
    folder: RunFolder,
    about: Mapping[str, Any],
    position: int,
    starts_in: float | None,
    takes: float | None,
) -> Queued:
    return Queued(
        run_id=folder.path.name,
        slug=folder.path.parent.parent.name,
        assistant=str((about.get("assistant") or {}).get("name", "")),
        name=str((read_json(folder.label) or {}).get("name", "")),
        position=position,
        starts_in=starts_in,
        takes=takes,
    )


def seconds_of_run(
    base_model: str, characters: int, epochs: float, speeds: Mapping[str, float]
) -> float | None:
    """Seconds that training on so many characters would take; None where none was measured."""
    speed = speeds.get(base_model)
    return None if speed is None else speed * characters * epochs


def measured_speeds(queue: RunQueue) -> dict[str, float]:
    """Of each base model that was trained on this machine, seconds a character and epoch."""
    return _speeds({one.path: read_json(one.run) or {} for one in queue.folders()})


def _speeds(abouts: Mapping[Path, Mapping[str, Any]]) -> dict[str, float]:
    """From the newest run of each base model that has a few steps."""
    speeds: dict[str, float] = {}
    for path, about in sorted(abouts.items(), key=lambda one: one[0].name, reverse=True):
        base, folder = about.get("base_model", ""), RunFolder(path)
        if base in speeds or not folder.local.is_file() or not about.get("characters"):
            continue  # measured already, or a run of another machine
        steps = _steps(folder)
        if len(steps) >= _FEWEST_STEPS and steps[-1].epoch > 0:
            last = steps[-1]
            speeds[base] = last.seconds / (last.epoch * about["characters"])
    return speeds


def _takes(about: Mapping[str, Any], speeds: Mapping[str, float]) -> float | None:
    epochs = (about.get("settings") or {}).get("epochs")
    if not epochs:
        return None
    return seconds_of_run(about.get("base_model", ""), about.get("characters", 0), epochs, speeds)


def _left(folder: RunFolder) -> float | None:
    steps = _steps(folder)
    return steps[-1].seconds_left if steps else None


def _steps(folder: RunFolder) -> Sequence[Step]:
    return ProgressReader(folder.progress).read().steps
