"""Names and notes of runs, and what is left of a run that was deleted."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.comparison import Arena
from assistant.errors import Conflict, InvalidRequest, NotFound, StoreError
from assistant.records import Answer, Assistant, Comparison, Example, Usage, Vote
from assistant.registry import labels
from assistant.registry.labels import run_named
from assistant.runs import Runs
from assistant.training.process import write_process
from assistant.workspace import Workspace
from tests.assistant.registry.conftest import MadeRun

EXAMPLE = Example("e1", "How big?", "1.85 litres.", "written", "train", document="manual.md")


@pytest.fixture
def runs(workspace: Workspace, kettle: Assistant, made_run: MadeRun) -> Runs:
    for name in ("r1", "r2"):
        made_run(kettle, name, [EXAMPLE])
    return workspace.runs(kettle)


def test_a_name_and_a_note_are_kept_in_the_folder(runs: Runs) -> None:
    assert runs.get("r1").title == "r1"
    labels.rename(runs, "r1", "  First   try ")
    labels.annotate(runs, "r1", "Too few\nrefusals.\n")
    again = Runs(runs.folder, queue=runs.queue).get("r1")
    assert (again.name, again.note, again.title) == ("First try", "Too few\nrefusals.", "First try")
    assert run_named(runs, "first TRY").id == "r1"
    assert labels.rename(runs, "r1", "").name == "" and runs.get("r1").note


def test_names_are_ones_own(runs: Runs) -> None:
    labels.rename(runs, "r1", "Best")
    labels.rename(runs, "r1", "best")  # its own, in other capitals
    with pytest.raises(Conflict, match="named “BEST” already"):
        labels.rename(runs, "r2", "BEST")
    with pytest.raises(Conflict):
        labels.rename(runs, "r2", "r1")
    with pytest.raises(InvalidRequest, match="61 characters"):
        labels.rename(runs, "r2", "x" * 61)
    with pytest.raises(InvalidRequest):
        labels.annotate(runs, "r2", "x" * 2001)
    with pytest.raises(NotFound):
        labels.rename(runs, "r3", "x")


def test_a_deleted_run_is_told_by_its_name(runs: Runs, workspace: Workspace) -> None:
    labels.rename(runs, "r1", "First try")
    assert labels.delete(runs, "r1").title == "First try"
    assert [run.id for run in runs.list()] == ["r2"]
    assert not (runs.folder / "r1").exists()
    with pytest.raises(NotFound, match=r"r1 \(“First try”\) was deleted on .* votes are kept"):
        runs.get("r1")
    with pytest.raises(NotFound, match="There is no run r9"):
        runs.get("r9")


def test_votes_outlive_the_run(workspace: Workspace, kettle: Assistant, runs: Runs) -> None:
    talk = Arena(workspace).start(kettle, "base", "tuned", True)
    sides = [
        Answer("Text.", workspace.contender(kettle, kind), "ab" * 8, Usage(0.1, 9.0, 9, 9))
        for kind in ("base", "tuned")
    ]
    asked = Comparison(
        "c1", kettle.id, talk.id, "How big?", *sides, True, 1, runs.get("r1").created_at
    )
    workspace.store.add_comparison(asked)
    workspace.store.add_vote(Vote("c1", "ann", "left", True, asked.created_at))
    used = sides[1].contender.run_id
    assert used is not None
    labels.delete(runs, used)
    assert workspace.store.comparison("c1").right.contender.run_id == used
    assert len(workspace.store.votes(kettle.id)) == 1
    with pytest.raises(NotFound, match="was deleted on"):
        workspace.contender(kettle, "tuned", used)


def test_a_live_run_is_not_deleted(runs: Runs) -> None:
    import os

    from assistant.training.folder import RunFolder

    write_process(RunFolder(runs.folder / "r1"), os.getpid())
    with pytest.raises(Conflict, match="stop it, then delete it"):
        labels.delete(runs, "r1")
    assert (runs.folder / "r1" / "adapter").is_dir()


def test_what_a_kill_left_of_a_deleted_run_goes_with_the_next(runs: Runs) -> None:
    labels.delete(runs, "r1")
    half = runs.folder / ".deleted" / "r0" / "adapter"
    half.mkdir(parents=True)
    labels.delete(runs, "r2")
    assert not half.parent.exists() and runs.list() == []


def test_a_folder_that_cannot_be_written(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, value: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(labels, "write_json", full)
    with pytest.raises(StoreError, match="could not be labelled"):
        labels.rename(runs, "r1", "x")
