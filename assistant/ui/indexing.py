"""Documents on their way into a corpus, in a thread of their own.

Closing the page stops nothing: whoever opens it again finds the work where it is.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from assistant.records import Assistant
from assistant.ui.notices import sentence_of
from assistant.workspace import Workspace
from retrieval.documents import AddResult, IndexingProgress
from retrieval.self_check import check_added

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Indexing:
    """How far the additions to one assistant are. waiting: files not begun in later batches."""

    active: bool = False
    progress: IndexingProgress | None = None
    waiting: int = 0
    results: tuple[AddResult, ...] = ()
    failure: str = ""


@dataclass(slots=True)
class _Job:
    state: Indexing = field(default_factory=Indexing)
    batches: list[list[Path]] = field(default_factory=list)
    cancelled: threading.Event = field(default_factory=threading.Event)


class Indexer:
    """Adds uploaded files, one batch at a time for each assistant."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._lock = threading.Lock()
        self._jobs: dict[str, _Job] = {}

    def state(self, assistant_id: str) -> Indexing:
        """How far it is, or what became of the last additions."""
        with self._lock:
            job = self._jobs.get(assistant_id)
            if job is None:
                return Indexing()
            return replace(job.state, waiting=sum(map(len, job.batches)))

    def add(self, assistant: Assistant, paths: Sequence[Path]) -> None:
        """Begin to add uploaded files, or queue them behind those being added.

        The files are the indexer's from now on: they are deleted once they were read.
        """
        with self._lock:
            job = self._jobs.setdefault(assistant.id, _Job())
            job.batches.append(list(paths))
            if job.state.active:
                return
            job.state = Indexing(active=True)
            job.cancelled = threading.Event()
        threading.Thread(
            target=self._run, args=(assistant, job), name="duet-indexing", daemon=True
        ).start()

    def cancel(self, assistant_id: str) -> None:
        """Stop after the file at hand; finished documents stay."""
        with self._lock:
            job = self._jobs.get(assistant_id)
            if job is not None:
                job.cancelled.set()
                for batch in job.batches:
                    _discard(batch)
                job.batches.clear()

    def _run(self, assistant: Assistant, job: _Job) -> None:
        while True:
            with self._lock:
                if not job.batches:
                    job.state = replace(job.state, active=False, progress=None)
                    return
                batch = job.batches.pop(0)
            self._add(assistant, job, batch)

    def _add(self, assistant: Assistant, job: _Job, batch: list[Path]) -> None:
        def progressed(progress: IndexingProgress) -> None:
            job.state = replace(job.state, progress=progress)

        try:
            results = self._workspace.corpus(assistant).add(batch, progressed, job.cancelled)
            job.state = replace(job.state, results=(*job.state.results, *results))
            check_added(self._workspace.retriever(assistant), results, job.cancelled)
        except Exception as error:
            job.state = replace(job.state, failure=sentence_of(error))
        finally:
            _discard(batch)


def _discard(paths: Sequence[Path]) -> None:
    """Delete uploads, each with the folder that was made for it."""
    for path in paths:
        try:
            path.unlink(missing_ok=True)
            path.parent.rmdir()
        except OSError as error:
            logger.info("an upload stays behind: %s", error)
