"""The training data of a run taken away, and exports found again."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from assistant.errors import ExportError
from assistant.exporting.kept import export_to_folder, kept_exports
from assistant.exporting.training_data import export_training_data
from assistant.records import Assistant
from assistant.training.folder import write_rows
from assistant.workspace import Workspace


@pytest.fixture
def run_id(workspace: Workspace, kettle: Assistant, add_run: Callable[[Assistant], str]) -> str:
    made = add_run(kettle)
    write_rows(workspace.runs(kettle).folder / made / "train.jsonl", [{"prompt": []}])
    return made


def test_the_rows_are_copied_with_a_card(
    workspace: Workspace, kettle: Assistant, run_id: str, tmp_path: Path
) -> None:
    runs = workspace.runs(kettle)
    folder = tmp_path / "out"
    files = export_training_data(runs.get(run_id), runs.folder / run_id, folder)
    assert {name for name, _ in files} == {"README.md", "train.jsonl"}
    assert "SHA-256" in (folder / "README.md").read_text("utf-8")
    with pytest.raises(ExportError, match="left alone"):
        export_training_data(runs.get(run_id), runs.folder / run_id, folder)


def test_an_export_is_found_again_and_a_second_one_has_its_own_folder(
    workspace: Workspace, kettle: Assistant, run_id: str
) -> None:
    def report(stage: str, share: float) -> None: ...

    first, second = (
        export_to_folder(workspace, kettle, run_id, "data", report, threading.Event())
        for _ in range(2)
    )
    assert second.name == f"{first.name}-2"
    assert {one.name for one in kept_exports(workspace, kettle)} == {first.name, second.name}
    assert first.bytes > 0 and first.checked == ()


def test_rows_that_are_gone_are_told(
    workspace: Workspace, kettle: Assistant, add_run: Callable[[Assistant], str], tmp_path: Path
) -> None:
    runs = workspace.runs(kettle)
    run = runs.get(add_run(kettle))
    with pytest.raises(ExportError, match="not in its folder"):
        export_training_data(run, runs.folder / run.id, tmp_path / "out")
