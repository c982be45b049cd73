"""Adding documents: read and split in threads of their own, embed and store in the caller's.

Reading runs ahead of embedding, so that the model never waits for a parser, and hands over in the
order of the sources. Passages of several documents are embedded together, sorted by length; then
all those documents are committed, each whole. What was committed stays, whatever ends the rest.
"""

from __future__ import annotations

import hashlib
import logging
import queue
import sqlite3
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from retrieval.children import ChildPool
from retrieval.database import Database, errors_mapped, meta_of, set_meta
from retrieval.documents import AddResult, IndexingProgress
from retrieval.duplicates import signature
from retrieval.embedder import Embedder
from retrieval.errors import Cancelled, DocumentError, PasswordNeeded, UnreadableDocument
from retrieval.files import StoredFiles
from retrieval.language import language_of
from retrieval.loaders.formats import is_archive, is_light
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
_LIGHT_BYTES = 1024 * 1024
_LOCKS = 64

Progress = Callable[[IndexingProgress], None]


@dataclass(frozen=True, slots=True)
class Source:
    """A file to add, and the name it is to have in the corpus. archive: the zip it came in."""

    path: Path
    name: str
    archive: str = ""

    @property
    def is_light(self) -> bool:
        """Whether it is read in so little time that a second process would cost more."""
        try:
            return is_light(self.name) and self.path.stat().st_size < _LIGHT_BYTES
        except OSError:
            return True


class Addition:
    """One call of `Corpus.add`."""

    def __init__(
        self,
        database: Database,
        files: StoredFiles,
        embedder: Callable[[], Embedder],
        limits: Limits,
        sources: Sequence[Source],
        progress: Progress | None,
        cancelled: threading.Event | None,
        passwords: Mapping[str, str] | None = None,
        pool: ChildPool | None = None,
    ) -> None:
        self._database = database
        self._files = files
        self._embedder = embedder
        self._sources = sources
        self._progress = progress
        self._cancelled = cancelled or threading.Event()
        self._passwords = passwords or {}
        self._reader = Reader(limits, pool)
        # Two threads must not keep, and on failure take away, the copy of the same bytes.
        self._bytes_locks = [threading.Lock() for _ in range(_LOCKS)]
        self._ready: queue.Queue[Prepared | AddResult | BaseException | None] = queue.Queue(
            _AHEAD_DOCUMENTS
        )
        self._ended = threading.Event()
        self._reading = ""
        # What is to come, in order: archives are replaced by their members as they are unpacked.
        self._names = [source.name for source in sources]
        self._refused: list[AddResult] = []
        # The reading threads write the first two counts, under the lock, and the caller's the rest.
        self._counting = threading.Lock()
        self._passages_read = 0
        self._characters_read = 0
        self._passages_done = 0
        self._characters_stored = 0
        self._results: dict[str, AddResult] = {}
        self._counted_until = time.monotonic()

    def run(self) -> list[AddResult]:
        """Add them all; the results are in the order of the sources, those of an archive in it."""
        with tempfile.TemporaryDirectory(
            prefix="duet-unpacked-", ignore_cleanup_errors=True
        ) as folder:
            thread = threading.Thread(
                target=self._read_all, args=(Path(folder),), name="duet-reading", daemon=True
            )
            thread.start()
            try:
                while self._take_group():
                    pass
            finally:
                self._ended.set()
                self._reader.close()
                thread.join()
        return [self._results[name] for name in self._names] + self._refused

    # The reading threads: one that keeps the order, and one for each child process.

    def _read_all(self, folder: Path) -> None:
        try:
            # A second process pays only where a file takes it longer to read than to start.
            heavy = sum(not source.is_light for source in self._sources)
            width = min(self._reader.width, max(1, heavy))
            self._reader.start(width)
            waiting: deque[Future[Prepared | AddResult]] = deque()
            with ThreadPoolExecutor(width, "duet-reading") as threads:
                for source in self._members(folder):
                    if isinstance(source, AddResult):
                        waiting.append(_settled(source))
                    else:
                        waiting.append(threads.submit(self._prepared, source))
                    while len(waiting) > 2 * width or (waiting and waiting[0].done()):
                        self._take_over(waiting.popleft())
                    if self._ended.is_set():
                        return
                while waiting:
                    self._take_over(waiting.popleft())
            self._hand_over(None)
        except BaseException as error:  # handed to the caller's thread, which raises it
            self._hand_over(error)

    def _take_over(self, future: Future[Prepared | AddResult]) -> None:
        self._hand_over(future.result())
        self._wait_for_room()

    def _members(self, folder: Path) -> Iterator[Source | AddResult]:
        """The sources, and in the place of an archive its members."""
        for number, source in enumerate(self._sources):
            if is_archive(source.name):
                members = self._unpacked(source, folder / str(number))
                names = [member.name for member in members]
                place = self._names.index(source.name)
                self._names[place : place + 1] = names
                yield from members
            else:
                yield source

    def _unpacked(self, archive: Source, folder: Path) -> list[Source | AddResult]:
        self._reading = archive.name
        try:
            self._reader.check(archive.path, archive.name)
            with errors_mapped(folder):
                folder.mkdir()
            members = self._reader.unpack(
                archive.path, archive.name, folder, self._passwords_for(archive)
            )
        except DocumentError as error:
            return [_failed(archive.name, error)]
        except OSError as error:
            return [_failed(archive.name, _not_opened(archive.name, error))]
        known = set(self._names)
        found: list[Source | AddResult] = []
        for member in members:
            if member.name in known:
                reason = f"Another file named {member.name} came with it: rename one of them."
                self._refused.append(AddResult(member.name, "failed", reason=reason))
            elif member.path is None:
                reason, asks = member.reason, member.needs_password
                found.append(AddResult(member.name, "failed", None, reason, asks))
            else:
                found.append(Source(member.path, member.name, archive.name))
            known.add(member.name)
        return found

    def _passwords_for(self, source: Source) -> tuple[str, ...]:
        """Those to try: by the name of the file, of its archive, and the one for all."""
        keys = dict.fromkeys((source.name, source.archive, ""))
        return tuple(dict.fromkeys(self._passwords[key] for key in keys if key in self._passwords))

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
        if self._ended.is_set():
            raise Cancelled("Reading was stopped; what was finished before is kept.")
        self._reading = source.name
        try:
            self._check(source)
            sha256, size = self._digest(source)
            with self._bytes_locks[int(sha256[:8], 16) % _LOCKS]:
                known = self._already_here(source.name, sha256)
                if known is not None:
                    return known
                with self._files.kept(source.path, sha256) as stored:
                    parsed = self._reader.read(stored, source.name, self._passwords_for(source))
                    drafts = split(parsed, self._embedder(), source.name)
        except DocumentError as error:
            return _failed(source.name, error)
        with self._counting:
            self._passages_read += len(drafts)
            self._characters_read += len(parsed.text)
        return _prepared_document(source, sha256, size, parsed, drafts)

    def _check(self, source: Source) -> None:
        """Refuse what need not, or must not, be opened to be refused."""
        try:
            self._reader.check(source.path, source.name)
        except OSError as error:
            raise _not_opened(source.name, error) from error

    def _digest(self, source: Source) -> tuple[str, int]:
        try:
            with source.path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest(), file.tell()
        except OSError as error:
            raise _not_opened(source.name, error) from error

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
        before = self._passages_done
        while not self._stored(group, before):
            logger.info("The embedding model was changed meanwhile: embedding again.")
        self._passages_done = before + sum(len(document.drafts) for document in group)
        self._characters_stored += sum(len(document.text) for document in group)
        self._report(group[-1].name)

    def _count_time(self, connection: sqlite3.Connection) -> None:
        """Add the time since the last group to what indexing has cost so far."""
        now = time.monotonic()
        spent = float(meta_of(connection, "indexing_seconds") or 0) + now - self._counted_until
        set_meta(connection, indexing_seconds=f"{spent:.3f}")
        self._counted_until = now

    def _stored(self, group: Sequence[Prepared], before: int) -> bool:
        """Embed and store the group. False where its vectors are of the embedder of before."""
        embedder = self._embedder()
        vectors = self._vectors(group, embedder, before)
        self._check_cancelled()
        with self._database.writing() as connection:
            if meta_of(connection, "embedder") != embedder.name:
                return False
            self._count_time(connection)
            for document in group:
                self._files.require(document.sha256, document.path)
                self._results[document.name] = store(connection, document, vectors)
        return True

    def _vectors(
        self, group: Sequence[Prepared], embedder: Embedder, before: int
    ) -> dict[str, bytes]:
        """The vectors of the group by content hash: those that are known, and the others made."""
        texts = {draft.content: draft for document in group for draft in document.drafts}
        with self._database.reading() as connection:
            snapshot = Snapshot(connection)
            known = snapshot.embedder == embedder.name
            vectors = snapshot.known_vectors(list(texts)) if known else {}
        fresh = [content for content in texts if content not in vectors]
        reused = sum(len(document.drafts) for document in group) - len(fresh)
        self._passages_done = before + reused
        self._report(group[0].name)

        def embedded(count: int) -> None:
            self._check_cancelled()
            self._passages_done = before + reused + count
            self._report(group[min(len(group) - 1, count * len(group) // len(fresh))].name)

        if fresh:
            encoded = embedder.encode([texts[content].indexed_text for content in fresh], embedded)
            vectors |= {
                content: vector.astype("<f4").tobytes()
                for content, vector in zip(fresh, encoded, strict=True)
            }
        return vectors

    def _check_cancelled(self) -> None:
        if self._cancelled.is_set():
            done = sum(result.outcome in ("added", "replaced") for result in self._results.values())
            raise Cancelled(
                f"Adding was stopped: {done} of {len(self._names)} documents are in and kept."
            )

    def _report(self, name: str) -> None:
        if self._progress is not None:
            self._progress(
                IndexingProgress(
                    document=name,
                    documents_done=len(self._results),
                    documents_total=len(self._names),
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
        language=language_of(parsed.text),
        drafts=tuple(drafts),
        signatures=tuple(signature(draft.told) for draft in drafts),
    )


def _settled(result: AddResult) -> Future[Prepared | AddResult]:
    """A result that was there before anything was read, in the same queue as the others."""
    future: Future[Prepared | AddResult] = Future()
    future.set_result(result)
    return future


def _failed(name: str, error: DocumentError) -> AddResult:
    logger.info("Left out: %s", error)
    asks = isinstance(error, PasswordNeeded)
    return AddResult(name, "failed", reason=str(error), needs_password=asks)


def _not_opened(name: str, error: OSError) -> UnreadableDocument:
    return UnreadableDocument(
        f"{name} cannot be opened ({error.strerror}): check that it is there and may be read."
    )
