"""Runs side by side, and the queue in words and times."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from assistant.errors import InvalidRequest, NotFound
from assistant.evaluation.records import Evaluation, Mean, Summary
from assistant.records import Assistant, Example
from assistant.registry.comparison import compare_runs, run_scores
from assistant.registry.waiting import queue_of, waiting_sentence
from assistant.runs import PRESETS
from assistant.training.folder import RunFolder, write_json
from assistant.training.process import write_process
from assistant.training.queue import RunQueue
from assistant.workspace import Workspace
from tests.assistant.registry.conftest import MadeRun

EXAMPLES = [Example(f"e{n}", f"How big {n}?", "So.", "written", "train") for n in range(4)]


def test_settings_that_differ_and_what_came_of_them(
    workspace: Workspace, kettle: Assistant, made_run: MadeRun
) -> None:
    made_run(kettle, "r1", EXAMPLES)
    made_run(kettle, "r2", EXAMPLES, replace(PRESETS["quick"], rank=32), minutes=4.0)
    found = compare_runs(workspace, kettle, ["r1", "r2", "r1"])
    assert [one.run.id for one in found.runs] == ["r1", "r2"]
    assert {row.name: row.values for row in found.differing} == {"rank": ("16", "32")}
    assert [one.minutes for one in found.runs] == [2.0, 4.0]
    assert found.runs[0].megabytes == pytest.approx(0.001)
    assert found.runs[0].held_out_recall == 0.5
    assert "cores" in found.runs[0].machine


def test_what_cannot_be_compared(
    workspace: Workspace, kettle: Assistant, made_run: MadeRun
) -> None:
    made_run(kettle, "r1", EXAMPLES)
    with pytest.raises(InvalidRequest, match="two to 6"):
        compare_runs(workspace, kettle, ["r1"])
    with pytest.raises(NotFound):
        compare_runs(workspace, kettle, ["r1", "r9"])


def test_the_newest_score_of_each_set_counts(
    workspace: Workspace, kettle: Assistant, made_run: MadeRun
) -> None:
    made_run(kettle, "r1", EXAMPLES)
    contender = workspace.contender(kettle, "tuned", "r1")

    def evaluation(name: str, mean: float, finished: bool = True) -> Evaluation:
        when = datetime(2026, 3, 4, tzinfo=UTC)
        summary = Summary(means={contender.id: {"fact_recall": Mean(mean, 0.0, 1.0, 9)}})
        return Evaluation(
            *(name, kettle.id, "recall", "ab", 9, (contender,), when, when if finished else None),
            summary=summary,
        )

    newest_first = [evaluation("e3", 0.9, False), evaluation("e2", 0.7), evaluation("e1", 0.2)]
    (score,) = run_scores("r1", newest_first)
    assert (score.evaluation_id, score.mean.mean, score.kind) == ("e2", 0.7, "tuned")
    assert run_scores("r2", newest_first) == ()


@pytest.fixture
def live(tmp_path: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])


def test_the_queue_tells_when_each_will_start(
    workspace: Workspace,
    kettle: Assistant,
    made_run: MadeRun,
    live: subprocess.Popen[bytes],
) -> None:
    made_run(kettle, "r0", EXAMPLES, minutes=3.0)  # how quick this machine is
    queue = RunQueue(workspace.settings.home, keeper=lambda home, folders: live)
    assert queue_of(queue) == ()
    other = workspace.create("Lamp", "Helps with lamps")
    waiting = [made_run(kettle, "r1", EXAMPLES), made_run(other, "r2", EXAMPLES)]
    for folder in waiting:
        folder.done.unlink()
        with queue.alone():
            queue.add(folder)
    write_process(waiting[0], live.pid)
    waiting[0].progress.unlink()
    (at_work, next_one) = queue_of(queue)
    assert (at_work.run_id, at_work.position, at_work.starts_in) == ("r1", 0, 0.0)
    assert (next_one.assistant, next_one.slug, next_one.position) == ("Lamp", "lamp", 1)
    assert at_work.takes == next_one.starts_in and 60 < (at_work.takes or 0) < 200
    said = waiting_sentence(queue_of(queue), "r2")
    assert "number 1 in the queue, behind run r1 of Kestrel; it starts in about" in said
    assert waiting_sentence(queue_of(queue), "r1") == ""
    live.kill()
    live.wait()


def test_without_a_measured_run_nothing_is_promised(
    workspace: Workspace, kettle: Assistant, made_run: MadeRun
) -> None:
    queue = RunQueue(workspace.settings.home)
    folders = [made_run(kettle, name, EXAMPLES) for name in ("r1", "r2")]
    for folder in folders:
        folder.progress.unlink()
        RunFolder(folder.path).done.unlink()
        write_json(folder.queued, {"place": float(folder.path.name[1])})
    first, second = queue_of(queue)
    assert (first.starts_in, first.takes) == (0.0, None)
    assert second.starts_in is None
    assert "not known" in waiting_sentence((first, second), "r2")
