"""The queue of the runs of one DUET_HOME: one trains, the others wait, each in its own folder.

A run that waits has `queued.json` in its folder, and nothing else says that it does: an assistant
that is deleted takes its waiting runs with it, and no list of its own can disagree with the
folders. Who starts or changes anything holds one lock of DUET_HOME. The next run is started by a
small process, the keeper (`assistant.training.keeper`), which is there while runs wait; where it
was killed, whoever looks at the queue next starts another. And a worker that was started twice by
an accident waits for a second lock, held while a model is trained (`process.sole_training`), so
that two are never trained at once.
"""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import psutil  # type: ignore[import-untyped]
from filelock import FileLock, Timeout

from assistant.errors import Conflict, StoreError, TrainingError
from assistant.training.folder import RunFolder, read_json, write_json
from assistant.training.process import process_alive, program_environment, start_worker

logger = logging.getLogger(__name__)

Launch = Callable[[RunFolder], subprocess.Popen[bytes]]
StartKeeper = Callable[[Path, str], subprocess.Popen[bytes]]

RUN_FOLDERS = "assistants/*/runs"
KEEPER_LOCK = ".queue-keeper.lock"

_LOCK_SECONDS = 30.0


def start_keeper(home: Path, run_folders: str) -> subprocess.Popen[bytes]:
    """Start the process that starts the next run; it outlives the one that starts it."""
    with (home / "queue.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "assistant.training.keeper", str(home.absolute()), run_folders],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=program_environment(),
            start_new_session=True,
        )


class RunQueue:
    """The runs under `home` that wait, in their order, and the one that is at work.

    run_folders: pattern of the folders that hold runs, relative to home. launch: starts the worker
    of a run's folder and notes its process there.
    """

    def __init__(
        self,
        home: Path,
        launch: Launch = start_worker,
        run_folders: str = RUN_FOLDERS,
        keeper: StartKeeper = start_keeper,
    ) -> None:
        self.home = home
        self._launch = launch
        self._run_folders = run_folders
        self._start_keeper = keeper
        self._keeper: subprocess.Popen[bytes] | None = None
        self._workers: dict[str, subprocess.Popen[bytes]] = {}

    @contextmanager
    def alone(self) -> Iterator[None]:
        """One process at a time starts runs or changes the queue. Raises StoreError.

        The methods that say so want it held; it is not reentrant.
        """
        try:
            self.home.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.home / ".queue.lock", timeout=_LOCK_SECONDS)
            lock.acquire()
        except OSError as error:  # filelock's Timeout among them
            raise StoreError(
                f"The folder of the runs cannot be used: {error}. Earlier runs are kept; put the "
                "folder right and try again."
            ) from error
        try:
            yield
        finally:
            lock.release()

    def folders(self) -> list[RunFolder]:
        """All runs of all assistants, in no order."""
        found = self.home.glob(f"{self._run_folders}/[!.]*/run.json")
        return [RunFolder(path.parent) for path in found]

    def alive(self, folder: RunFolder) -> bool:
        """Whether the run's worker is at work. Raises OSError."""
        worker = self._workers.get(str(folder.path))
        if worker is not None and worker.poll() is not None:  # polling also buries a dead child
            self._workers.pop(str(folder.path), None)
        process = read_json(folder.process)
        return process is not None and process_alive(process["pid"], process["started"])

    def live(self) -> RunFolder | None:
        """The run that is being trained."""
        return next((folder for folder in self.folders() if self.alive(folder)), None)

    def waiting(self) -> list[RunFolder]:
        """The runs that wait, in the order in which they will start."""
        placed = [
            (place, folder.path.name, folder)
            for folder in self.folders()
            if (place := _place(folder)) is not None and not self.alive(folder)
        ]
        return [folder for _, _, folder in sorted(placed, key=lambda one: one[:2])]

    def add(self, folder: RunFolder) -> None:
        """Put a run at the end. To be called alone. Raises OSError."""
        last = max((_place(one) or 0.0 for one in self.waiting()), default=0.0)
        _put(folder, last + 1.0)

    def begin(self, folder: RunFolder) -> None:
        """Start a run's worker now. To be called alone. Raises TrainingError.

        It leaves the queue after its worker is there: a kill in between may start a second worker,
        which waits for the first and finds nothing left to do, but loses no run.
        """
        try:
            local = read_json(folder.local) or {}
            write_json(folder.local, {**local, "home": str(self.home.absolute())})
            for path in (folder.stop, folder.error, folder.done):
                path.unlink(missing_ok=True)
            worker = self._launch(folder)
        except (OSError, psutil.Error) as error:
            sentence = (
                f"The training process could not be started ({error}); the run is kept: resume it."
            )
            folder.queued.unlink(missing_ok=True)
            with suppress(OSError):  # on a full disk it is told as interrupted
                write_json(folder.error, {"error": sentence, "type": type(error).__name__})
            raise TrainingError(sentence) from error
        self._workers[str(folder.path)] = worker
        folder.queued.unlink(missing_ok=True)
        logger.info("Run %s started as process %d", folder.path.name, worker.pid)

    def start_next(self) -> RunFolder | None:
        """Start the first of those that wait, where none is at work. To be called alone.

        One that cannot be started is told as failed, and the next one takes its turn.
        """
        if self.live() is not None:
            return None
        for folder in self.waiting():
            try:
                self.begin(folder)
            except TrainingError as error:
                logger.warning("Run %s: %s", folder.path.name, error)
                continue
            return folder
        return None

    def tend(self) -> None:
        """See to it that someone will start what waits. Cheap where nothing does."""
        if self._keeper is not None and self._keeper.poll() is None:
            return
        if any(folder.queued.is_file() for folder in self.folders()):
            with self.alone():
                self.keep()

    def keep(self) -> None:
        """Start a keeper where runs wait and none is at work. To be called alone."""
        if not self.waiting():
            return
        lock = FileLock(self.home / KEEPER_LOCK, timeout=0)
        try:
            lock.acquire()
        except Timeout:
            return
        lock.release()
        if self._keeper is None or self._keeper.poll() is not None:
            try:
                self._keeper = self._start_keeper(self.home, self._run_folders)
            except OSError as error:
                logger.warning("The queue's process could not be started: %s", error)

    def move(self, folder: RunFolder, position: int) -> None:
        """Give a waiting run the place of that number, 1 for the next to start.

        Raises Conflict where it does not wait, StoreError.
        """
        with self.alone():
            order = self.waiting()
            if folder not in order:
                raise Conflict(f"Run {folder.path.name} does not wait any more: nothing was moved.")
            order.remove(folder)
            order.insert(min(max(position, 1), len(order) + 1) - 1, folder)
            # A kill in the middle may leave two at one place, and none without.
            for place, one in enumerate(order, start=1):
                if _place(one) != float(place):
                    _put(one, float(place))

    def take_out(self, folder: RunFolder) -> None:
        """Take a waiting run out of the queue; its folder is kept.

        Raises Conflict where it does not wait, StoreError.
        """
        with self.alone():
            if folder not in self.waiting():
                raise Conflict(
                    f"Run {folder.path.name} does not wait any more: nothing was changed."
                )
            folder.queued.unlink(missing_ok=True)


def _place(folder: RunFolder) -> float | None:
    """Where a run stands in the queue, None where it does not wait."""
    try:
        queued = read_json(folder.queued)
        return None if queued is None else float(queued["place"])
    except (ValueError, KeyError, TypeError):
        return float("inf")  # damaged from outside: it waits, behind all others


def _put(folder: RunFolder, place: float) -> None:
    write_json(folder.queued, {"place": place, "since": datetime.now(UTC).isoformat()})
