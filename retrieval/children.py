"""The child processes that parse files, and the pool that keeps them between additions.

A child answers one request at a time with one line of JSON, and before it as many `working` lines
as it likes: each begins its time anew. Its own limits are in `retrieval.loaders.sandbox`.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]

from retrieval.errors import Cancelled, CorpusError

logger = logging.getLogger(__name__)

MOST_CHILDREN = 2
IDLE_SECONDS = 300.0
_WORKING = b'{"working": true}\n'
_LONGEST = 15  # times the time limit that a child which reports progress may take in all


class ChildStopped(Exception):
    """The child ended, or was ended, without an answer."""


class ChildLate(ChildStopped):
    """It took longer than its limit and was ended."""


class AnswerTooLong(ChildStopped):
    """It answered with more bytes than its limit and was ended."""


class Child:
    """One process. `ask` is for one thread at a time; `end` for any."""

    def __init__(self) -> None:
        self._process = _started()
        self._late = False

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process.poll() is None

    def ask(self, request: dict[str, Any], seconds: float, answer_bytes: int) -> dict[str, Any]:
        """The answer. Raises ChildStopped, ChildLate or AnswerTooLong, and is then ended.

        seconds: until the answer, or until the next line that tells of progress.
        """
        line = b""
        deadline = time.monotonic() + seconds * _LONGEST
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None and stdout is not None
        timer = self._timer(seconds)
        try:
            stdin.write(json.dumps(request).encode("ascii") + b"\n")
            stdin.flush()
            while (line := stdout.readline(answer_bytes + 1)) == _WORKING:
                timer.cancel()
                timer = self._timer(min(seconds, deadline - time.monotonic()))
        except (OSError, ValueError):  # the pipe broke, or was closed by `end`
            line = b""
        finally:
            timer.cancel()
        if line.endswith(b"\n"):
            if self._late:
                self.end()  # it answered just as its time was up
            answer: dict[str, Any] = json.loads(line)
            return answer
        self.end()
        if self._late:
            raise ChildLate
        if len(line) > answer_bytes:
            raise AnswerTooLong
        raise ChildStopped

    def end(self) -> None:
        """Kill the process with all that it started, and wait for it."""
        self._kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError, ValueError):
                    pipe.close()

    def _timer(self, seconds: float) -> threading.Timer:
        """Ends the child after so long."""

        def stop() -> None:
            self._late = True
            self._kill()

        timer = threading.Timer(max(0.0, seconds), stop)
        timer.daemon = True
        timer.start()
        return timer

    def _kill(self) -> None:
        if hasattr(os, "killpg"):
            # It leads a session of its own, so that what it runs (Tesseract) ends with it.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                if self._process.returncode is None:
                    os.killpg(self._process.pid, signal.SIGKILL)
        with contextlib.suppress(OSError):
            self._process.kill()


class ChildPool:
    """Children that wait between requests; those idle for long are ended.

    most: how many may be at work at once.
    """

    def __init__(self, memory_bytes: int, idle_seconds: float = IDLE_SECONDS) -> None:
        self.most = _children_that_fit(memory_bytes)
        self._idle_seconds = idle_seconds
        self._room = threading.Condition()
        self._waiting: list[Child] = []
        self._busy: set[Child] = set()
        self._closed = False
        self._timer: threading.Timer | None = None
        self._idle_since = 0.0

    def start(self, children: int) -> None:
        """Have so many ready, within the limit: starting one costs a fraction of a second."""
        with self._room:
            self._check_open()
            while len(self._waiting) + self._taken < min(children, self.most):
                self._waiting.append(Child())
            self._plan_ending()

    def take(self) -> Child:
        """A child that is ready; waits where all are busy. Raises Cancelled once closed."""
        with self._room:
            while True:
                self._check_open()
                while self._waiting:
                    child = self._waiting.pop()
                    if child.alive:
                        self._busy.add(child)
                        return child
                    child.end()
                if self._taken < self.most:
                    child = Child()
                    self._busy.add(child)
                    return child
                self._room.wait()

    def give_back(self, child: Child) -> None:
        """The child waits for the next request, unless it ended."""
        with self._room:
            self._busy.discard(child)
            if self._closed or not child.alive:
                child.end()
            else:
                self._waiting.append(child)
                self._plan_ending()
            self._room.notify()

    def close(self) -> None:
        """End all children, also those at work."""
        with self._room:
            self._closed = True
            self._cancel_ending()
            children = [*self._waiting, *self._busy]
            self._waiting.clear()
            self._room.notify_all()
        for child in children:
            child.end()

    @property
    def _taken(self) -> int:
        return len(self._busy)

    def _check_open(self) -> None:
        if self._closed:
            raise Cancelled("Reading was stopped; what was finished before is kept.")

    def _plan_ending(self) -> None:
        """One timer, set again when it finds that there was work: none is made for each file."""
        self._idle_since = time.monotonic()
        if self._timer is None:
            self._set_timer(self._idle_seconds)

    def _set_timer(self, seconds: float) -> None:
        self._timer = threading.Timer(seconds, self._end_idle)
        self._timer.daemon = True
        self._timer.start()

    def _cancel_ending(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _end_idle(self) -> None:
        with self._room:
            self._timer = None
            left = self._idle_since + self._idle_seconds - time.monotonic()
            if self._closed:
                return
            if left > 0 or self._busy:
                return self._set_timer(max(left, self._idle_seconds / 10))
            children, self._waiting = self._waiting, []
        for child in children:
            child.end()


def _children_that_fit(memory_bytes: int) -> int:
    """No more than the cores, and than the memory at hand would hold at their limits."""
    cores = os.cpu_count() or 1
    by_memory = int(psutil.virtual_memory().available // memory_bytes)
    return max(1, min(MOST_CHILDREN, cores, by_memory))


def _started() -> subprocess.Popen[bytes]:
    root = str(Path(__file__).resolve().parent.parent)
    inherited = os.environ.get("PYTHONPATH")
    path = os.pathsep.join((root, inherited)) if inherited else root
    try:
        # -P: a file named json.py in the current folder must not be run.
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "retrieval.loaders.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
            start_new_session=True,
        )
    except OSError as error:
        raise CorpusError(
            f"The process that reads files could not be started ({error.strerror}): close "
            "other programs and try again."
        ) from error
