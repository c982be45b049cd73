"""Runs that are whole without training: a folder with sources, an adapter and its end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from assistant.records import Assistant, Example
from assistant.runs import PRESETS, TrainingSettings
from assistant.training.folder import ADAPTER_FILES, RunFolder, write_json
from assistant.training.progress import Step, append_progress
from assistant.training.request import run_request
from assistant.workspace import Workspace

MadeRun = Callable[..., RunFolder]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(b"0" * 1000)
    return folder


@pytest.fixture
def made_run(workspace: Workspace, model: Path) -> MadeRun:
    """Writes a finished run of an assistant's training examples, as they and its documents are."""
    began = datetime.now(UTC)

    def make(
        assistant: Assistant,
        name: str,
        examples: Sequence[Example] | None = None,
        settings: TrainingSettings = PRESETS["quick"],
        minutes: float = 2.0,
    ) -> RunFolder:
        runs = workspace.runs(assistant).folder
        folder = RunFolder(runs / name)
        folder.adapter.mkdir(parents=True)
        for file in ADAPTER_FILES:
            (folder.adapter / file).write_bytes(b"0" * 500)
        documents = {one.name: one.sha256 for one in workspace.corpus(assistant).documents()}
        request = run_request(
            name,
            began + timedelta(microseconds=len(list(runs.iterdir()))),
            assistant,
            model,
            workspace.store.examples(assistant.id) if examples is None else examples,
            settings,
            documents=documents,
        )
        request.write(folder, model)
        epochs = request.about["settings"]["epochs"]
        for number in (1, 2, 3):
            append_progress(
                folder.progress,
                Step(number, 3, epochs * number / 3, 1.0, None, 9.0, 20 * minutes * number, 0.0),
            )
        write_json(folder.done, {"stopped": False, "device": "cpu", "held_out_recall": 0.5})
        return folder

    return make
