"""Questions on their way to the thread that computes, and pieces on their way back."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from assistant.errors import DuetError
from assistant.generation import GenerationRequest, Piece
from assistant.records import Usage

_POLL = 0.05  # seconds between two looks at whether a waiting question was cancelled


@dataclass(slots=True, eq=False)
class Job:
    """Requests that were asked together, and the way back for their pieces."""

    requests: tuple[GenerationRequest, ...]
    cancelled: threading.Event
    closed: threading.Event = field(default_factory=threading.Event)
    asked_at: float = field(default_factory=time.perf_counter)
    pieces: queue.SimpleQueue[Piece | DuetError | None] = field(default_factory=queue.SimpleQueue)
    _claim: threading.Lock = field(default_factory=threading.Lock)

    def is_stopped(self) -> bool:
        return self.cancelled.is_set() or self.closed.is_set()

    def begin(self) -> bool:
        """Whether the caller is the one to deal with this job: the thread, or who gave up."""
        return self._claim.acquire(blocking=False)

    def unbegun(self) -> list[Piece]:
        """The pieces of a job that was cancelled before its turn."""
        waited = time.perf_counter() - self.asked_at
        return [
            Piece(index, "", Usage(waited, 0.0, 0, 0), stopped=True)
            for index in range(len(self.requests))
        ]


Jobs: TypeAlias = queue.SimpleQueue[Job | None]


class Answers(Iterator[Piece]):
    """The pieces of one job. Closing it, or dropping it, stops the job at the next token.

    owner: kept alive until the answer is whole.
    """

    def __init__(self, job: Job, owner: object) -> None:
        self._job = job
        self._owner = owner
        self._ended = False

    def __next__(self) -> Piece:
        while not self._ended:
            try:
                piece = self._job.pieces.get(timeout=_POLL)
            except queue.Empty:
                if self._job.is_stopped() and self._job.begin():
                    for one in self._job.unbegun():
                        self._job.pieces.put(one)
                    self._job.pieces.put(None)
                continue
            if isinstance(piece, Piece):
                return piece
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
