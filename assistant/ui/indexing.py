"""Documents on their way into a corpus, in a thread of their own.

Closing the page stops nothing: whoever opens it again finds the work where it is.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from assistant.records import Assistant
from assistant.ui.notices import sentence_of
from assistant.workspace import Workspace
from retrieval.document_names import document_name
from retrieval.documents import AddResult, IndexingProgress
from retrieval.self_check import MOST_DOCUMENTS, check_documents, with_checks

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Checking:
    """The self-check of what was added: the document at hand, how many are done, of how many."""

    document: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Indexing:
    """How far the additions to one assistant are. waiting: files not begun in later batches.

    checking: set while the documents of a batch are self-checked. checked: what came of the last
    self-check. locked: the results whose uploads are kept until their password is given.
    """

    active: bool = False
    progress: IndexingProgress | None = None
    waiting: int = 0
    results: tuple[AddResult, ...] = ()
    failure: str = ""
    checking: Checking | None = None
    checked: str = ""
    locked: tuple[AddResult, ...] = ()


@dataclass(frozen=True, slots=True)
class _Batch:
    """passwords: by the name of a result; they are held here until the batch was read."""

    paths: Sequence[Path]
    passwords: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(slots=True)
class _Job:
    state: Indexing = field(default_factory=Indexing)
    batches: list[_Batch] = field(default_factory=list)
    locked: dict[str, Path] = field(default_factory=dict)  # by the name of the upload
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
            waiting = sum(len(batch.paths) for batch in job.batches)
            return replace(job.state, waiting=waiting, locked=_locked(job))

    def add(self, assistant: Assistant, paths: Sequence[Path]) -> None:
        """Begin to add uploaded files, or queue them behind those being added.

        The files are the indexer's from now on: they are deleted once they were read; one that asks
        for a password is kept until it is given or the file is dismissed.
        """
        self._queue(assistant, _Batch(list(paths)))

    def unlock(self, assistant: Assistant, name: str, password: str) -> bool:
        """Try a locked file again with a password; False where it is not there any more."""
        with self._lock:
            job = self._jobs.get(assistant.id)
            path = None if job is None else job.locked.pop(_upload_of(name), None)
        if path is None:
            return False
        self._queue(assistant, _Batch([path], {name: password, _upload_of(name): password}))
        return True

    def dismiss(self, assistant_id: str, name: str) -> None:
        """Leave a locked file out and delete its upload."""
        with self._lock:
            job = self._jobs.get(assistant_id)
            path = None if job is None else job.locked.pop(_upload_of(name), None)
        if path is not None:
            _discard([path])

    def cancel(self, assistant_id: str) -> None:
        """Stop after the file at hand; finished documents stay."""
        with self._lock:
            job = self._jobs.get(assistant_id)
            if job is not None:
                job.cancelled.set()
                for batch in job.batches:
                    _discard(batch.paths)
                job.batches.clear()

    def _queue(self, assistant: Assistant, batch: _Batch) -> None:
        with self._lock:
            job = self._jobs.setdefault(assistant.id, _Job())
            job.batches.append(batch)
            if job.state.active:
                return
            # A file tried again stays in the account of the upload that it came with.
            kept = job.state.results if batch.passwords else _locked(job)
            job.state = Indexing(active=True, results=kept)
            job.cancelled = threading.Event()
        threading.Thread(
            target=self._run, args=(assistant, job), name="duet-indexing", daemon=True
        ).start()

    def _run(self, assistant: Assistant, job: _Job) -> None:
        while True:
            with self._lock:
                if not job.batches:
                    job.state = replace(job.state, active=False, progress=None, checking=None)
                    return
                batch = job.batches.pop(0)
            self._add(assistant, job, batch)

    def _add(self, assistant: Assistant, job: _Job, batch: _Batch) -> None:
        def progressed(progress: IndexingProgress) -> None:
            job.state = replace(job.state, progress=progress)

        read: Sequence[Path] = batch.paths
        done = False
        try:
            results = self._workspace.corpus(assistant).add(
                batch.paths, progressed, job.cancelled, batch.passwords or None
            )
            read = self._hold_locked(job, batch.paths, results)
            known = job.state.results
            together = _together(known, results) if batch.passwords else (*known, *results)
            job.state = replace(job.state, results=together, progress=None)
            done = True
            self._check(assistant, job, results)
        except Exception as error:
            job.state = replace(job.state, failure=sentence_of(error), checking=None)
            if batch.passwords and not done:  # stopped: it is still to be had
                with self._lock:
                    job.locked.update((document_name(path.name), path) for path in batch.paths)
                read = ()
        finally:
            _discard(read)

    def _hold_locked(
        self, job: _Job, paths: Sequence[Path], results: Sequence[AddResult]
    ) -> list[Path]:
        """Keep the uploads that ask for a password; returns the others."""
        asking = {_upload_of(result.name) for result in results if result.needs_password}
        with self._lock:
            for path in paths:
                name = document_name(path.name)
                if name in asking:
                    earlier = job.locked.get(name)
                    if earlier is not None and earlier != path:
                        _discard([earlier])
                    job.locked[name] = path
            held = set(job.locked.values())
        return [path for path in paths if path not in held]

    def _check(self, assistant: Assistant, job: _Job, results: Sequence[AddResult]) -> None:
        new = [r.document for r in results if r.document and r.outcome in ("added", "replaced")]
        if not new:
            return

        def checked(document: str, done: int, total: int) -> None:
            job.state = replace(job.state, checking=Checking(document, done, total))

        report = check_documents(
            self._workspace.retriever(assistant), new, MOST_DOCUMENTS, checked, job.cancelled
        )
        results = with_checks(job.state.results, report)
        job.state = replace(
            job.state, results=tuple(results), checking=None, checked=report.sentence
        )


def _upload_of(name: str) -> str:
    """The name of the uploaded file that a result is of: members stand behind their archive."""
    return name.partition("/")[0]


def _locked(job: _Job) -> tuple[AddResult, ...]:
    return tuple(
        result
        for result in job.state.results
        if result.needs_password and _upload_of(result.name) in job.locked
    )


def _together(known: Sequence[AddResult], new: Sequence[AddResult]) -> tuple[AddResult, ...]:
    """One result a name: what is new replaces what was refused, and repeats nothing.

    An archive that is tried again with a password brings its other members again, unchanged.
    """
    by_name = {result.name: result for result in known}
    clashes = []
    for result in new:
        earlier = by_name.get(result.name)
        if earlier is None or earlier.outcome == "failed":
            by_name[result.name] = result
        elif result.outcome != "unchanged":
            clashes.append(result)
    return (*by_name.values(), *clashes)


def _discard(paths: Sequence[Path]) -> None:
    """Delete uploads, each with the folder that was made for it."""
    for path in paths:
        try:
            path.unlink(missing_ok=True)
            path.parent.rmdir()
        except OSError as error:
            logger.info("an upload stays behind: %s", error)
