"""Runs that were deleted: of each one small file stays, so that who asks for it is told.

Votes and evaluations name the contender that they are of, and keep it when its run is deleted.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from assistant.training.folder import RunFolder, read_json, write_json

_GRAVES = ".deleted"


@dataclass(frozen=True, slots=True)
class Deleted:
    """What is left of a run that was deleted."""

    id: str
    name: str
    deleted_at: datetime

    @property
    def title(self) -> str:
        """Its name, or its id where it had none."""
        return self.name or self.id


def bury(folder: RunFolder, name: str) -> Deleted:
    """Delete a run's folder, at once or, after a kill, with the next one. Raises OSError."""
    graves = folder.path.parent / _GRAVES
    gone = Deleted(folder.path.name, name, datetime.now(UTC))
    graves.mkdir(exist_ok=True)
    about = {"id": gone.id, "name": gone.name, "deleted_at": gone.deleted_at.isoformat()}
    write_json(graves / f"{gone.id}.json", about)
    folder.path.rename(graves / gone.id)
    for path in graves.iterdir():
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
    return gone


def deleted(runs: Path, run_id: str) -> Deleted | None:
    """What is left of the run of that id; None where there never was one, or it is there.

    runs: the folder of the assistant's runs.
    """
    if not run_id or Path(run_id).name != run_id or RunFolder(runs / run_id).run.is_file():
        return None
    about = read_json(runs / _GRAVES / f"{run_id}.json")
    if about is None:
        return None
    return Deleted(about["id"], about["name"], datetime.fromisoformat(about["deleted_at"]))


def missing(runs: Path, run_id: str) -> str:
    """Why there is no run of that id, as a sentence."""
    gone = deleted(runs, run_id)
    if gone is None:
        return f"There is no run {run_id}."
    named = f" (“{gone.name}”)" if gone.name else ""
    return (
        f"Run {gone.id}{named} was deleted on {gone.deleted_at.astimezone():%d %B %Y}; its answers "
        "and votes are kept: choose another run."
    )
