"""Adding documents: read and split in one thread, embed and store in another.

Reading runs ahead of embedding, so that the model never waits for a parser. Passages of several
documents are embedded together, sorted by length; then all those documents are committed, each
whole. What was committed stays, whatever ends the rest.
"""

from __future__ import annotations

import hashlib
import logging
import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from retrieval.database import Database
from retrieval.documents import AddResult, IndexingProgress
from retrieval.embedder import Embedder
from retrieval.errors import Cancelled, DocumentError, UnreadableDocument
from retrieval.files import StoredFiles
from retrieval.loaders.parsed import Parsed
from retrieval.reader import Limits, Reader
from retrieval.snapshot import Snapshot
from retrieval.splitter import PassageDraft, split
from retrieval.storing import Prepared, store

logger = logging.getLogger(__name__)

GROUP_PASSAGES = 1024
_AHEAD_DOCUMENTS = 1000
_AHEAD_CHARACTERS = 50_000_000
_POLL_SECONDS = 0.1

Progress = Callable[[IndexingProgress], None]


@dataclass(frozen=True, slots=True)
class Source:
    """A file to add, and the name it is to have in the corpus."""

    path: Path
    name: str


class Addition:
    """One call of `Corpus.add`."""

    def __init__(
        self,
        database: Database,
        files: StoredFiles,
        embedder: Embedder,
        limits: Limits,
        sources: Sequence[Source],
        progress: Progress | None,
        cancelled: threading.Event | None,
    ) -> None:
        self._database = database
        self._files = files
        self._embedder = embedder
        self._sources = sources
        self._progress = progress
        self._cancelled = cancelled or threading.Event()
        self._reader = Reader(limits)
        self._ready: queue.Queue[Prepared | AddResult | BaseException | None] = queue.Queue(
            _AHEAD_DOCUMENTS
        )
        self._ended = threading.Event()
        self._reading = ""
        # Each of the two threads writes its own two counts and reads the others.
        self._passages_read = 0
        self._characters_read = 0
        self._passages_done = 0
        self._characters_stored = 0
        self._results: dict[str, AddResult] = {}

    def run(self) -> list[AddResult]:
        """Add them all; the results are in the order of the sources."""
        thread = threading.Thread(target=self._read_all, name="duet-reading", daemon=True)
        thread.start()
        try:
            while self._take_group():
                pass
        finally:
            self._ended.set()
            self._reader.close()
            thread.join()
            self._reader.close()  # the thread may have been starting a child just then
        return [self._results[source.name] for source in self._sources]

    # The reading thread.

    def _read_all(self) -> None:
        try:
            for source in self._sources:
                if self._ended.is_set():
                    return
                self._wait_for_room()
                self._reading = source.name
                self._hand_over(self._prepared(source))
            self._hand_over(None)
        except BaseException as error:  # handed to the caller's thread, which raises it
            self._hand_over(error)

    def _wait_for_room(self) -> None:
        """Reading is far faster than embedding: do not fill the memory with what it has read."""
        while self._characters_read - self._characters_stored > _AHEAD_CHARACTERS:
            if self._ended.wait(_POLL_SECONDS):
                return

    def _hand_over(self, item: Prepared | AddResult | BaseException | None) -> None:
        while not self._ended.is_set():
            try:
                return self._ready.put(item, timeout=_POLL_SECONDS)
            except queue.Full:
                continue

    def _prepared(self, source: Source) -> Prepared | AddResult:
        try:
            sha256, size = self._digest(source)
            known = self._already_here(source.name, sha256)
            if known is not None:
                return known
            self._reader.check(source.path, source.name)
            with self._files.kept(source.path, sha256) as stored:
                parsed = self._reader.read(stored, source.name)
                drafts = split(parsed, self._embedder)
        except DocumentError as error:
            logger.info("Left out: %s", error)
            return AddResult(source.name, "failed", reason=str(error))
        self._passages_read += len(drafts)
        self._characters_read += len(parsed.text)
        return _prepared_document(source, sha256, size, parsed, drafts)

    def _digest(self, source: Source) -> tuple[str, int]:
        try:
            with source.path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest(), file.tell()
        except OSError as error:
            raise UnreadableDocument(
                f"{source.name} cannot be opened ({error.strerror}): check that it is there and "
                "may be read."
            ) from error

    def _already_here(self, name: str, sha256: str) -> AddResult | None:
        with self._database.reading() as connection:
            snapshot = Snapshot(connection)
            same_name = snapshot.document_of_name(name)
            same_bytes = snapshot.document_of_bytes(sha256)
        if same_name is not None and same_name.sha256 == sha256:
            return AddResult(name, "unchanged", same_name)
        if same_name is None and same_bytes is not None:
            return AddResult(
                name, "unchanged", same_bytes, f"It has the same content as {same_bytes.name}."
            )
        return None

    # The caller's thread.

    def _take_group(self) -> bool:
        """Embed and store what is ready. False after the last document."""
        group: list[Prepared] = []
        passages = 0
        more = True
        while passages < GROUP_PASSAGES:
            try:
                item = self._ready.get(timeout=0 if group else _POLL_SECONDS)
            except queue.Empty:
                if group:
                    break
                self._check_cancelled()
                self._report(self._reading)
                continue
            if item is None:
                more = False
                break
            if isinstance(item, BaseException):
                self._check_cancelled()
                raise item
            if isinstance(item, AddResult):
                self._results[item.name] = item
                self._report(item.name)
            else:
                group.append(item)
                passages += len(item.drafts)
        if group:
            self._embed_and_store(group)
        return more

    def _embed_and_store(self, group: Sequence[Prepared]) -> None:
        texts = {draft.content: draft for document in group for draft in document.drafts}
        with self._database.reading() as connection:
            vectors = Snapshot(connection).known_vectors(list(texts))
        fresh = [content for content in texts if content not in vectors]
        before = self._passages_done
        whole = sum(len(document.drafts) for document in group)
        reused = whole - len(fresh)
        self._passages_done = before + reused
        self._report(group[0].name)

        def embedded(count: int) -> None:
            self._check_cancelled()
            self._passages_done = before + reused + count
            self._report(group[min(len(group) - 1, count * len(group) // len(fresh))].name)

        if fresh:
            encoded = self._embedder.encode(
                [texts[content].indexed_text for content in fresh], embedded
            )
            vectors |= {
                content: vector.astype("<f4").tobytes()
                for content, vector in zip(fresh, encoded, strict=True)
            }
        self._check_cancelled()
        with self._database.writing() as connection:
            for document in group:
                self._files.require(document.sha256, document.path)
                self._results[document.name] = store(connection, document, vectors)
        self._passages_done = before + whole
        self._characters_stored += sum(len(document.text) for document in group)
        self._report(group[-1].name)

    def _check_cancelled(self) -> None:
        if self._cancelled.is_set():
            done = sum(result.outcome in ("added", "replaced") for result in self._results.values())
            raise Cancelled(
                f"Adding was stopped: {done} of {len(self._sources)} documents are in and kept."
            )

    def _report(self, name: str) -> None:
        if self._progress is not None:
            self._progress(
                IndexingProgress(
                    document=name,
                    documents_done=len(self._results),
                    documents_total=len(self._sources),
                    passages_done=self._passages_done,
                    passages_total=self._passages_read,
                )
            )


def _prepared_document(
    source: Source, sha256: str, size: int, parsed: Parsed, drafts: list[PassageDraft]
) -> Prepared:
    return Prepared(
        name=source.name,
        path=source.path,
        sha256=sha256,
        size=size,
        pages=parsed.pages,
        words=len(parsed.text.split()),
        warnings=parsed.warnings,
        text=parsed.text,
        drafts=tuple(drafts),
    )
