"""Exports kept in an assistant's folder, so that the page finds them again: `exports/RUN-FORM/`,
with what was found when they were asked beside them, in `exports/RUN-FORM.json`."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from assistant.errors import ExportError
from assistant.exporting.export import CheckedAnswer, Export, Form
from assistant.exporting.from_workspace import export_of_run
from assistant.exporting.training_data import export_training_data
from assistant.records import Assistant
from assistant.training.folder import read_json, write_json
from assistant.workspace import Workspace

Target = Literal["adapter", "merged", "gguf", "data"]
TARGETS: tuple[Target, ...] = get_args(Target)
_STOPPED = "The export was stopped: nothing was left of it."


@dataclass(frozen=True, slots=True)
class KeptExport:
    """An export that is there. files: names and sizes in bytes. checked, unchecked: as `Export`."""

    name: str
    run_id: str
    target: str
    folder: Path
    files: tuple[tuple[str, int], ...]
    checked: tuple[CheckedAnswer, ...]
    unchecked: str

    @property
    def bytes(self) -> int:
        return sum(count for _, count in self.files)


def exports_folder(workspace: Workspace, assistant: Assistant) -> Path:
    """Where the page puts exports."""
    return workspace.folder(assistant) / "exports"


def kept_exports(workspace: Workspace, assistant: Assistant) -> list[KeptExport]:
    """All that are there, newest first. Raises OSError."""
    found = []
    paths = exports_folder(workspace, assistant).glob("[!.]*.json")
    for path in sorted(paths, key=lambda one: one.stat().st_mtime, reverse=True):
        about, folder = read_json(path) or {}, path.with_suffix("")
        if folder.is_dir() and about.get("run_id"):
            found.append(_kept(folder, about))
    return found


def export_to_folder(
    workspace: Workspace,
    assistant: Assistant,
    run_id: str,
    target: Target,
    progress: Callable[[str, float], None],
    cancelled: threading.Event,
) -> KeptExport:
    """Export a run into the assistant's own folder. Raises NotFound, ExportError, ModelError."""
    runs = workspace.runs(assistant)
    run = runs.get(run_id)
    folder = _free(exports_folder(workspace, assistant), f"{run.id}-{target}")

    def told(stage: str, share: float) -> None:
        if cancelled.is_set():
            raise ExportError(_STOPPED)
        progress(stage, share)

    if target == "data":
        files = export_training_data(run, runs.folder / run.id, folder)
        made = Export(folder, "adapter", files, (), "Rows are not asked anything.")
    else:
        form: Form = target
        made = export_of_run(workspace, assistant, run, form, folder, told)
    about = {
        "run_id": run.id,
        "target": target,
        "files": [list(one) for one in made.files],
        "checked": [asdict(one) for one in made.checked],
        "unchecked": made.unchecked,
    }
    try:
        write_json(folder.parent / f"{folder.name}.json", about)
    except OSError as error:
        raise ExportError(
            f"The export is in {folder}; what was found in its check could not be kept ({error})."
        ) from error
    return _kept(folder, about)


def _kept(folder: Path, about: dict[str, Any]) -> KeptExport:
    return KeptExport(
        name=folder.name,
        run_id=str(about["run_id"]),
        target=str(about["target"]),
        folder=folder,
        files=tuple((str(name), int(count)) for name, count in about["files"]),
        checked=tuple(CheckedAnswer(**one) for one in about["checked"]),
        unchecked=str(about["unchecked"]),
    )


def _free(parent: Path, name: str) -> Path:
    """A folder of that name that is not there yet, numbered where it is."""
    number = 1
    while (folder := parent / (name if number == 1 else f"{name}-{number}")).exists():
        number += 1
    return folder
