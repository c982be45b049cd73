"""`duet runs` and `duet sweep`, with workers that are done at once."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import assistant.cli.workspace
from assistant.records import Assistant, Example
from assistant.runs import PRESETS
from assistant.training.folder import RunFolder, write_json
from assistant.workspace import Workspace
from tests.assistant.sweeps.test_sweeping import parts, trainers, workspace
from tests.assistant.test_cli import Duet

__all__ = ["parts", "trainers", "workspace"]

Ask = Callable[..., Any]


@pytest.fixture
def ask(duet: Duet, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """The JSON that a command prints, over the workspace of the test."""
    monkeypatch.setattr(workspace, "close", lambda: None)
    opening = SimpleNamespace(open=lambda settings: workspace)
    monkeypatch.setattr(assistant.cli.workspace, "Workspace", opening)

    def run(*arguments: str) -> Any:
        code, out, err = duet(*arguments, "--json")
        assert code == 0, err
        return json.loads(out)

    return run


def test_a_run_is_named_compared_and_deleted(
    ask: Ask, duet: Duet, workspace: Workspace, parts: Assistant
) -> None:
    first, second = (workspace.train(parts, PRESETS[name]).id for name in ("quick", "thorough"))
    assert ask("runs", "rename", "parts", first, "First try")["name"] == "First try"
    assert ask("runs", "note", "parts", "first try", "Too quick.")["note"] == "Too quick."
    shown = ask("runs", "show", "parts", "First try")
    assert shown["run"]["id"] == first and shown["learned"]["stale"] == 0
    compared = ask("runs", "compare", "parts", "First try", second)
    assert {row["name"] for row in compared["differing"]} >= {"preset", "epochs"}
    code, out, _ = duet("runs", "compare", "parts", first, second)
    assert code == 0 and "First try" in out and "minutes" in out
    assert ask("runs", "delete", "parts", "First try")["name"] == "First try"
    code, _, err = duet("runs", "show", "parts", first)
    assert code == 1 and "was deleted on" in err


def test_runs_are_listed_with_their_stale_rows(
    ask: Ask, duet: Duet, workspace: Workspace, parts: Assistant
) -> None:
    workspace.train(parts, PRESETS["quick"])
    gone = Example("d", "Where?", "Here.", "written", "train", document="gone.md", fact="d")
    workspace.store.add_examples(parts.id, [gone])
    workspace.train(parts, PRESETS["quick"])
    assert [one["stale"] for one in ask("runs", "list", "parts")] == [1, 0]
    code, out, _ = duet("runs", "list", "parts")
    assert code == 0 and "Stale rows" in out


def test_the_queue_is_shown_and_changed(
    ask: Ask, duet: Duet, workspace: Workspace, parts: Assistant
) -> None:
    assert ask("runs", "queue") == []
    made = [workspace.train(parts, PRESETS["quick"]).id for _ in range(2)]
    for place, run_id in enumerate(made, start=1):
        folder = RunFolder(workspace.runs(parts).folder / run_id)
        folder.done.unlink()
        write_json(folder.queued, {"place": float(place)})
    assert [one["run_id"] for one in ask("runs", "queue")] == made
    moved = ask("runs", "queue", "parts", made[1], "--place", "1")
    assert [one["run_id"] for one in moved] == made[::-1]
    left = ask("runs", "queue", "parts", made[1], "--out")
    assert [one["run_id"] for one in left] == made[:1]
    code, _, err = duet("train", "parts", "--no-wait")
    assert code == 1 and "nothing was started" in err
    code, _, err = duet("runs", "queue", "parts", made[0])
    assert code == 1 and "--place N or --out" in err


def test_a_sweep_from_estimate_to_curve(
    ask: Ask, duet: Duet, workspace: Workspace, parts: Assistant
) -> None:
    assert "not measured" in ask("sweep", "parts", "data", "--estimate")["sentence"]
    status = ask("sweep", "parts", "data", "--preset", "quick")
    assert status["state"] == "done"
    assert [point["score"]["mean"] for point in status["curve"]["points"]] == [0.1, 0.25, 0.5, 1.0]
    code, out, err = duet("sweeps", "show", "parts", status["sweep"]["id"])
    assert code == 0 and "still rising, write more examples" in out
    assert ask("sweeps", "list", "parts")[0]["sweep"]["kind"] == "data"
    code, _, err = duet("sweep", "parts", "learning-rate", "--minutes", "0.1")
    assert code == 1 and "a curve needs two" in err


def test_an_export_takes_the_name_of_a_run(
    duet: Duet,
    workspace: Workspace,
    kettle: Assistant,
    add_run: Callable[[Assistant], str],
    tmp_path: Path,
) -> None:
    other = add_run(replace(kettle, base_model="maker/other"))
    duet("runs", "rename", "kestrel", other, "first one")
    code, _, said = duet("export", "kestrel", "first one", "adapter", str(tmp_path / "out"))
    assert code == 1 and "Run first one was trained on maker/other" in said
