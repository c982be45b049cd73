"""The queue of runs, with workers that sleep, and with real processes that race."""

from __future__ import annotations

import errno
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from assistant.errors import Conflict, TrainingError
from assistant.training import keeper
from assistant.training.folder import RunFolder, read_json, write_json
from assistant.training.process import sole_training, write_process
from assistant.training.queue import RunQueue

# A process that starts workers which note when they begin and end, and fail or not by their name.
RACER = """
import subprocess, sys, time
from pathlib import Path
from assistant.training.folder import RunFolder
from assistant.training.keeper import keep
from assistant.training.process import write_process
from assistant.training.queue import RunQueue

WORKER = '''
import sys, time
from pathlib import Path
from assistant.training.folder import RunFolder, write_json
from assistant.training.process import sole_training
folder, log = RunFolder(Path(sys.argv[1])), Path(sys.argv[2])
with sole_training(folder) as to_do:
    if to_do:
        with log.open("a") as file:
            print("begin", folder.path.name, file=file)
        time.sleep(0.05)
        with log.open("a") as file:
            print("end", folder.path.name, file=file)
        ending = folder.error if "bad" in folder.path.name else folder.done
        write_json(ending, {"error": "It failed.", "stopped": False})
'''

def launch(folder):
    worker = subprocess.Popen([sys.executable, "-c", WORKER, str(folder.path), sys.argv[2]])
    write_process(folder, worker.pid)
    return worker

home = Path(sys.argv[1])
queue = RunQueue(home, launch)
for name in sys.argv[3:]:
    with queue.alone():
        queue.add(RunFolder(home / "assistants" / "a" / "runs" / name))
        queue.start_next()
keep(queue, 0.02)
"""


def ended(home: Path, run_folders: str) -> subprocess.Popen[bytes]:
    """In place of a keeper."""
    worker = subprocess.Popen([sys.executable, "-c", ""])
    worker.wait()
    return worker


class Sleepers:
    """Starts processes that sleep in place of training; `fail` names runs that cannot start."""

    def __init__(self) -> None:
        self.started: dict[str, subprocess.Popen[bytes]] = {}
        self.fail: set[str] = set()

    def __call__(self, folder: RunFolder) -> subprocess.Popen[bytes]:
        if folder.path.name in self.fail:
            raise OSError(errno.EAGAIN, "no more processes")
        worker = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(120)"])
        self.started[folder.path.name] = worker
        write_process(folder, worker.pid)
        return worker

    def end(self, name: str) -> None:
        self.started[name].kill()
        self.started[name].wait()


@pytest.fixture
def sleepers() -> Iterator[Sleepers]:
    made = Sleepers()
    yield made
    for name in made.started:
        made.end(name)


@pytest.fixture
def queue(tmp_path: Path, sleepers: Sleepers) -> RunQueue:
    return RunQueue(tmp_path, sleepers, keeper=ended)


def add(queue: RunQueue, name: str, assistant: str = "a") -> RunFolder:
    folder = made(queue.home, name, assistant)
    with queue.alone():
        queue.add(folder)
    return folder


def made(home: Path, name: str, assistant: str = "a") -> RunFolder:
    folder = RunFolder(home / "assistants" / assistant / "runs" / name)
    folder.path.mkdir(parents=True)
    write_json(folder.run, {"id": name})
    return folder


def start_next(queue: RunQueue) -> RunFolder | None:
    with queue.alone():
        return queue.start_next()


def names(folders: list[RunFolder]) -> list[str]:
    return [folder.path.name for folder in folders]


def until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_first_come_first_served_over_all_assistants(queue: RunQueue, sleepers: Sleepers) -> None:
    first, second = add(queue, "r1", "kettle"), add(queue, "r2", "lamp")
    third = add(queue, "r0", "kettle")
    assert names(queue.waiting()) == ["r1", "r2", "r0"]
    assert start_next(queue) == first and queue.live() == first
    assert start_next(queue) is None  # one at a time
    assert names(queue.waiting()) == ["r2", "r0"]
    sleepers.end("r1")
    assert start_next(queue) == second
    sleepers.end("r2")
    assert start_next(queue) == third and queue.waiting() == []


def test_the_queue_is_in_the_folders_alone(queue: RunQueue, sleepers: Sleepers) -> None:
    add(queue, "r1")
    add(queue, "r2")
    assert names(RunQueue(queue.home, sleepers, keeper=ended).waiting()) == ["r1", "r2"]


def test_moving_and_taking_out(queue: RunQueue, sleepers: Sleepers) -> None:
    folders = [add(queue, name) for name in ("r1", "r2", "r3", "r4")]
    queue.move(folders[3], 1)
    assert names(queue.waiting()) == ["r4", "r1", "r2", "r3"]
    queue.move(folders[0], 99)
    assert names(queue.waiting()) == ["r4", "r2", "r3", "r1"]
    queue.take_out(folders[1])
    assert names(queue.waiting()) == ["r4", "r3", "r1"]
    assert folders[1].run.is_file()  # what was asked for is kept
    start_next(queue)
    with pytest.raises(Conflict, match="does not wait"):
        queue.move(folders[3], 1)
    with pytest.raises(Conflict, match="does not wait"):
        queue.take_out(folders[3])


def test_a_run_that_cannot_start_gives_way(queue: RunQueue, sleepers: Sleepers) -> None:
    broken, fine = add(queue, "r1"), add(queue, "r2")
    sleepers.fail = {"r1"}
    assert start_next(queue) == fine
    assert "could not be started" in (read_json(broken.error) or {})["error"]
    assert queue.waiting() == []
    with queue.alone(), pytest.raises(TrainingError, match="no more processes"):
        queue.begin(broken)


def test_what_an_earlier_end_left_is_cleared_when_it_starts(
    queue: RunQueue, sleepers: Sleepers
) -> None:
    folder = add(queue, "r1")
    write_json(folder.done, {"stopped": True})
    folder.stop.touch()
    assert folder.done.exists()  # until its turn comes: it may be taken out again
    start_next(queue)
    assert not folder.done.exists() and not folder.stop.exists()
    assert (read_json(folder.local) or {})["home"] == str(queue.home)


def test_a_damaged_place_waits_behind_the_others(queue: RunQueue) -> None:
    add(queue, "r1").queued.write_text("{")
    add(queue, "r2").queued.write_text('{"place": 2}')
    assert names(queue.waiting()) == ["r2", "r1"]


def test_a_keeper_is_started_where_runs_wait(queue: RunQueue) -> None:
    started: list[str] = []

    def start(home: Path, run_folders: str) -> subprocess.Popen[bytes]:
        started.append(run_folders)
        return ended(home, run_folders)

    tended = RunQueue(queue.home, keeper=start)
    tended.tend()
    assert started == []
    add(queue, "r1")
    tended.tend()
    assert started == ["assistants/*/runs"]
    tended.tend()  # it was killed
    assert len(started) == 2


def test_one_keeper_is_enough(queue: RunQueue, sleepers: Sleepers) -> None:
    add(queue, "r1")
    add(queue, "r2")
    at_work = threading.Thread(target=keeper.keep, args=(queue, 0.01))
    at_work.start()
    until(lambda: "r1" in sleepers.started)
    other = RunQueue(queue.home, keeper=lambda home, folders: pytest.fail("a second keeper"))
    other.tend()
    sleepers.end("r1")
    at_work.join(30)  # it goes when none waits, though the last run is still at work
    assert not at_work.is_alive() and "r2" in sleepers.started


def test_a_second_worker_waits_and_finds_nothing_to_do(tmp_path: Path) -> None:
    folder = made(tmp_path, "r1")
    write_json(folder.local, {"home": str(tmp_path)})
    write_json(folder.queued, {"place": 1.0})  # its starter was killed before it took it away
    order: list[object] = []

    def second() -> None:
        with sole_training(folder) as to_do:
            order.append(to_do)

    with sole_training(folder) as to_do:
        assert to_do and not folder.queued.exists()
        other = threading.Thread(target=second)
        other.start()
        time.sleep(0.1)
        order.append("first is done")
        write_json(folder.done, {"stopped": False})
    other.join(30)
    assert order == ["first is done", False]


def test_a_folder_by_itself_is_trained_at_once(tmp_path: Path) -> None:
    folder = made(tmp_path, "r1")
    with sole_training(folder) as first, sole_training(folder) as second:
        assert first and second


def race(home: Path, log: Path, *runs: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", RACER, str(home), str(log), *runs])


def noted(log: Path) -> list[str]:
    return log.read_text().splitlines() if log.exists() else []


def test_starters_and_keepers_that_race_train_each_run_once(tmp_path: Path) -> None:
    every = [f"r{number}{'-bad' if number == 2 else ''}" for number in range(6)]
    for name in every:
        made(tmp_path, name)
    log = tmp_path / "log"
    racers = [race(tmp_path, log, *every[place::3]) for place in range(3)]
    for racer in racers:
        assert racer.wait(120) == 0
    until(lambda: len(noted(log)) == 12)
    lines = noted(log)
    for begin, end in zip(lines[::2], lines[1::2], strict=True):  # never two at once
        assert begin.split()[0] == "begin" and end.split() == ["end", begin.split()[1]]
    assert sorted(line.split()[1] for line in lines[::2]) == sorted(every)  # none lost, none twice


def test_a_killed_keeper_loses_no_run(tmp_path: Path, sleepers: Sleepers) -> None:
    for name in ("r1", "r2"):
        made(tmp_path, name)
    log = tmp_path / "log"
    with_long_first = sleepers(made(tmp_path, "r0"))
    keeping = race(tmp_path, log, "r1", "r2")
    until(lambda: len(list(tmp_path.glob("assistants/a/runs/*/queued.json"))) == 2)
    keeping.kill()  # between the end of one and the start of the next
    keeping.wait()
    with_long_first.kill()
    with_long_first.wait()
    app = RunQueue(tmp_path, keeper=lambda home, folders: race(home, log))
    assert names(app.waiting()) == ["r1", "r2"] and app.live() is None
    app.tend()
    until(lambda: len(noted(log)) == 4)
    assert noted(log) == ["begin r1", "end r1", "begin r2", "end r2"]


def test_the_keeper_is_a_small_process(tmp_path: Path) -> None:
    code = (
        "import sys, assistant.training.keeper;"
        "assert not {'torch', 'transformers', 'numpy', 'sqlalchemy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    done = subprocess.run(
        [sys.executable, "-m", "assistant.training.keeper", str(tmp_path), "assistants/*/runs"],
        timeout=60,
    )
    assert done.returncode == 0  # nothing waits
