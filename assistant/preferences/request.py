"""A run on votes as it is asked for: its rows, the adapter it goes on from, and its run.json."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from assistant.errors import InvalidRequest, TrainingError
from assistant.models import file_sha256
from assistant.preferences.records import Preferences
from assistant.preferences.rows import Rows, preference_rows
from assistant.prompts import prompt_fingerprint
from assistant.records import Assistant, content_hash
from assistant.training.folder import (
    ADAPTER_FILES,
    RunFolder,
    read_json,
    read_rows,
    write_rows,
)
from assistant.training.held_out import HeldOut
from assistant.training.preference_settings import PreferenceSettings, settings_for_votes
from assistant.training.request import (
    RunRequest,
    base_parameters,
    characters,
    package_versions,
    portable_name,
)
from assistant.training.settings import TrainingSettings


@dataclass(frozen=True, slots=True)
class PreferenceRequest(RunRequest):
    """parent: the adapter to go on from, which is copied, so that its run may be deleted meanwhile.
    replay: rows that it was trained on."""

    parent: Path
    replay: Rows

    def write(self, folder: RunFolder, model_folder: Path) -> None:
        """Write the files of an empty folder. Raises OSError."""
        folder.parent.mkdir()
        for name in ADAPTER_FILES:
            shutil.copyfile(self.parent / name, folder.parent / name)
        write_rows(folder.replay, self.replay)
        RunRequest.write(self, folder, model_folder)


def preference_request(
    run_id: str,
    created: datetime,
    assistant: Assistant,
    model_folder: Path,
    found: Preferences,
    earlier: RunFolder,
    settings: PreferenceSettings,
    asked: HeldOut,
    epochs: float | None = None,
    learning_rate: float | None = None,
) -> PreferenceRequest:
    """What to train on these preferences, from the adapter of an earlier run on.

    asked: the questions by which lost facts are seen.

    Raises InvalidRequest where the settings are wrong or the earlier run is of another base model,
    TrainingError where its adapter is not whole.
    """
    about = read_json(earlier.run) or {}
    adapter = earlier.usable_adapter()
    if adapter is None:
        raise TrainingError(f"Run {earlier.path.name} has no whole adapter: choose another one.")
    if about["base_model"] != portable_name(assistant.base_model):
        raise InvalidRequest(
            f"Run {about['id']} was trained on {about['base_model']}, and the base model is now "
            f"{portable_name(assistant.base_model)}: train on the examples first."
        )
    rows = preference_rows(assistant.system_prompt, found)
    labels = [row["label"] for row in rows["train"] if "label" in row]
    settings = settings.checked().balanced(sum(labels), len(labels) - sum(labels))
    chosen = settings_for_votes(
        TrainingSettings(**about["settings"]),
        len(rows["train"]),
        base_parameters(model_folder),
        epochs,
        learning_rate,
    )
    replay = _replayed(earlier) if settings.replay_weight else []
    sha256 = file_sha256(adapter / "adapter_model.safetensors")
    return PreferenceRequest(
        about=_description(
            run_id, created, assistant, about, sha256, rows, found, chosen, settings, len(replay)
        ),
        rows=rows,
        held_out=asked,
        parent=adapter,
        replay=replay,
    )


def _replayed(earlier: RunFolder) -> Rows:
    """The rows that taught the facts: of a run on votes those that it replayed itself."""
    for path in (earlier.replay, earlier.train):
        rows = read_rows(path) if path.is_file() else []
        if rows and "completion" in rows[0] and "label" not in rows[0]:
            return rows
    return []


def _description(
    run_id: str,
    created: datetime,
    assistant: Assistant,
    earlier: Mapping[str, Any],
    adapter_sha256: str,
    rows: dict[str, Rows],
    found: Preferences,
    settings: TrainingSettings,
    preference: PreferenceSettings,
    replayed: int,
) -> dict[str, Any]:
    """What run.json says: all that the earlier run says of its documents holds for this one too."""
    return {
        **{key: earlier[key] for key in ("base_model", "base_sha256", "base_parameters")},
        **{key: earlier[key] for key in ("documents", "sources") if key in earlier},
        "id": run_id,
        "created_at": created.isoformat(),
        "assistant": {
            "id": assistant.id,
            "name": assistant.name,
            "task": assistant.task,
            "system_prompt": assistant.system_prompt,
        },
        "method": found.method,
        "parent": {"run": earlier["id"], "adapter_sha256": adapter_sha256},
        "preference": preference.as_json(),
        "votes": {
            "read": found.read,
            "used": found.used,
            "left_out": {reason: count for reason, count in found.left_out.items() if count},
            "sentence": found.sentence,
            "replayed": replayed,
        },
        "settings": asdict(settings),
        "seed": settings.seed,
        "rows": {split: len(value) for split, value in rows.items()},
        "characters": characters(rows["train"]),
        "data_sha256": content_hash(rows),
        "prompt_sha256": prompt_fingerprint(assistant.system_prompt),
        "versions": package_versions(),
    }
