"""Questions on their way to the thread that computes, and pieces on their way back."""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Generic, TypeAlias, TypeVar

from assistant.errors import DuetError
from assistant.generation import GenerationRequest, Piece
from assistant.records import Usage

T = TypeVar("T")

_POLL = 0.05  # seconds between two looks at whether a waiting question was cancelled


@dataclass(slots=True, eq=False)
class Job:
    """Requests that were asked together, and the way back for their pieces.

    batch: asked for throughput; whole answers come back, and what is asked otherwise goes first.
    """

    requests: tuple[GenerationRequest, ...]
    cancelled: threading.Event
    batch: bool = False
    closed: threading.Event = field(default_factory=threading.Event)
    asked_at: float = field(default_factory=time.perf_counter)
    pieces: queue.SimpleQueue[Any] = field(default_factory=queue.SimpleQueue)
    _claim: threading.Lock = field(default_factory=threading.Lock)

    def is_stopped(self) -> bool:
        return self.cancelled.is_set() or self.closed.is_set()

    def begin(self) -> bool:
        """Whether the caller is the one to deal with this job: the thread, or who gave up."""
        return self._claim.acquire(blocking=False)

    def unbegun(self) -> list[Piece]:
        """The pieces of a job that was cancelled before its turn."""
        if self.batch:
            return []
        waited = time.perf_counter() - self.asked_at
        return [
            Piece(index, "", Usage(waited, 0.0, 0, 0), stopped=True)
            for index in range(len(self.requests))
        ]


Jobs: TypeAlias = queue.SimpleQueue[Job | None]


class Turns:
    """What comes next, for the thread that computes: batches wait behind all other jobs."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs
        self._urgent: deque[Job] = deque()
        self._batches: deque[Job] = deque()
        self._ended = False

    def next(self) -> Job | None:
        """Wait for a job; None when there will be no more."""
        while not self._urgent and not self._batches and not self._ended:
            self._sort(self._jobs.get())
        self._drain()
        if self._urgent:
            return self._urgent.popleft()
        return self._batches.popleft() if self._batches else None

    def urgent(self) -> Job | None:
        """A job that goes before a batch at work, None where there is none."""
        self._drain()
        return self._urgent.popleft() if self._urgent else None

    def waiting(self) -> bool:
        """Whether `urgent` has one."""
        self._drain()
        return bool(self._urgent)

    def _drain(self) -> None:
        while not self._ended:
            try:
                self._sort(self._jobs.get_nowait())
            except queue.Empty:
                return

    def _sort(self, job: Job | None) -> None:
        if job is None:
            self._ended = True
        else:
            (self._batches if job.batch else self._urgent).append(job)


class Answers(Iterator[T], Generic[T]):
    """What comes back of one job. Closing it, or dropping it, stops the job at the next token.

    owner: kept alive until the answer is whole.
    """

    def __init__(self, job: Job, owner: object) -> None:
        self._job = job
        self._owner = owner
        self._ended = False

    def __next__(self) -> T:
        while not self._ended:
            try:
                piece = self._job.pieces.get(timeout=_POLL)
            except queue.Empty:
                if self._job.is_stopped() and self._job.begin():
                    for one in self._job.unbegun():
                        self._job.pieces.put(one)
                    self._job.pieces.put(None)
                continue
            if piece is not None and not isinstance(piece, DuetError):
                found: T = piece
                return found
            self._ended = True
            if piece is not None:
                raise piece
        raise StopIteration

    def close(self) -> None:
        """End the answering at the next token; no more pieces come."""
        self._ended = True
        self._job.closed.set()

    def __del__(self) -> None:
        self._job.closed.set()
