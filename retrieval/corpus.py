"""The documents of one assistant: added, replaced, removed, and read back.

A folder with `corpus.db`, which holds the text, the passages and their vectors, and `files/`, which
holds the uploads. Everything else is made from these and may be deleted at any time.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from retrieval.children import ChildPool
from retrieval.database import Database, errors_mapped, generation_of, meta_of
from retrieval.document_names import document_name
from retrieval.documents import AddResult, Document, IndexingProgress, Passage, SelfCheck
from retrieval.embedder import Embedder
from retrieval.errors import CorpusError, CorpusLocked, EmbedderError
from retrieval.files import StoredFiles
from retrieval.indexing import Addition, Source
from retrieval.passage_size import sized
from retrieval.reader import Limits
from retrieval.recutting import copy_recut, recut
from retrieval.reembedding import reembed
from retrieval.sections import Side, section_side, section_sides
from retrieval.snapshot import Snapshot
from retrieval.storing import erase, files_held, files_of, record_check

__all__ = ["Corpus", "Limits", "Side", "section_side", "section_sides"]

logger = logging.getLogger(__name__)


class Corpus:
    """Use it from any thread. Several processes may have the same folder open."""

    def __init__(
        self,
        folder: Path,
        embedder: Embedder,
        database: Database,
        limits: Limits,
        load: Callable[[str], Embedder] | None,
    ) -> None:
        self.folder = folder
        self._embedder = embedder
        self._database = database
        self._files = StoredFiles(folder / "files")
        self._limits = limits
        self._pool = ChildPool(limits.memory_bytes)
        self._load = load
        self._loading = threading.Lock()
        self._sections: tuple[int, frozenset[str]] | None = None  # of that generation

    @classmethod
    def open(
        cls,
        folder: Path,
        embedder: Embedder,
        limits: Limits | None = None,
        load: Callable[[str], Embedder] | None = None,
    ) -> Corpus:
        """Open the corpus in a folder, making it where there is none.

        embedder: of a new corpus. load: from the name under which an embedder was chosen to the
        embedder; with it a corpus whose embedder was changed, before or after it is opened here,
        is read with its own.
        Raises EmbedderError where its vectors are of another embedder that `load` does not give,
        and CorpusError where the folder cannot be used.
        """
        folder = folder.absolute()
        database = Database.open(folder / "corpus.db", embedder.name, embedder.dimension)
        corpus = cls(folder, embedder, database, limits or Limits(), load)
        try:
            _ = corpus.embedder
        except BaseException:
            corpus.close()
            raise
        return corpus

    @property
    def embedder(self) -> Embedder:
        """That of the vectors as they are now, also after a change by another process.

        Raises EmbedderError where it cannot be loaded.
        """
        if self._database.closed:
            return self._embedder
        with self._database.reading() as connection:
            name = meta_of(connection, "embedder")
            chosen = meta_of(connection, "embedder_chosen")
        with self._loading:
            if self._embedder.name != name:
                self._embedder = _loaded(self._load, chosen, name, self._embedder)
            return self._embedder

    @property
    def embedder_chosen(self) -> str:
        """The name under which the embedder was chosen; "" for the one it was made with."""
        with self._database.reading() as connection:
            return meta_of(connection, "embedder_chosen")

    @property
    def indexing_seconds(self) -> float | None:
        """What all additions took together, reading and embedding; None where none was timed."""
        with self._database.reading() as connection:
            seconds = meta_of(connection, "indexing_seconds")
        return float(seconds) if seconds else None

    def close(self) -> None:
        """Let go of the file, and end the processes that read documents."""
        self._pool.close()
        self._database.close()

    @property
    def generation(self) -> int:
        """Rises with every committed change, also by another process."""
        with self._database.reading() as connection:
            return generation_of(connection)

    @property
    def identity(self) -> str:
        """Of this corpus, made with it: tells it from another one in the same folder."""
        with self._database.reading() as connection:
            return meta_of(connection, "corpus_id")

    def add(
        self,
        paths: Sequence[Path],
        progress: Callable[[IndexingProgress], None] | None = None,
        cancelled: threading.Event | None = None,
        passwords: Mapping[str, str] | None = None,
    ) -> list[AddResult]:
        """Add files, the files in folders and the members of zip archives; one result for each.

        Results are in the order of the paths; members are named `archive.zip/folder/name.md`.
        passwords: by the name of a document or archive; that of the empty name is tried for any
        file that asks for one. They are used for this call and kept nowhere.

        A file of a name that is here replaces it where its bytes differ; the same bytes under
        another name are recognised. A file that cannot be read is `failed`, with the reason; the
        others go in. `progress` is called in this thread.

        Raises Cancelled, CorpusLocked, EmbedderError or CorpusError; documents finished before
        are kept.
        """
        sources, results = _sources(paths)
        addition = Addition(
            self._database,
            self._files,
            lambda: sized(self.embedder, self._chosen_tokens()),
            self._limits,
            sources,
            progress,
            cancelled,
            passwords,
            self._pool,
        )
        results = addition.run() + results
        self._clear_away()
        return results

    def _clear_away(self) -> None:
        """Delete left-over files; where that fails, what was added is there all the same."""
        try:
            with self._database.locked() as connection:
                held = files_held(connection)
                self._files.sweep(held.__contains__)
        except (CorpusError, CorpusLocked) as error:
            logger.warning("Left-over files were not cleared away: %s", error)

    def remove(self, name_or_id: str) -> Document:
        """Take a document out, with its passages, vectors, text and file.

        Raises DocumentNotFound.
        """
        with self._database.writing() as connection:
            document = Snapshot(connection).document(name_or_id)
            erase(connection, document)
        with self._database.locked() as connection:
            for sha256 in files_of(connection, document) - files_held(connection):
                self._files.forget(sha256)
        logger.info("Removed %s.", document.name)
        return document

    def reembed(
        self,
        embedder: Embedder,
        chosen: str,
        progress: Callable[[int, int], None] | None = None,
        cancelled: threading.Event | None = None,
    ) -> int:
        """Embed all passages with another embedder, then search with it; see `reembedding`.

        chosen: the name by which `load` finds it again. progress: passages done, and of how many.
        Returns how many passages are longer than it takes in whole. Until the end, searches and
        additions go on with the embedder of before, here and in other processes; ended early, it
        goes on later where it stopped.
        Raises Cancelled, EmbedderError, CorpusLocked or CorpusError.
        """
        longer = reembed(self._database, embedder, chosen, progress, cancelled)
        with self._loading:
            self._embedder = embedder
        return longer

    @property
    def passage_tokens(self) -> int:
        """The longest passage that documents are cut into, in the embedder's tokens."""
        return sized(self.embedder, self._chosen_tokens()).max_tokens

    def recut(
        self,
        tokens: int,
        progress: Callable[[int, int], None] | None = None,
        cancelled: threading.Event | None = None,
    ) -> None:
        """Cut all documents, and those to come, into passages of at most so many tokens.

        progress: passages embedded, and of how many. Until the end, searches see the passages of
        before; ended early, nothing has changed. See `recutting`.
        Raises Cancelled, EmbedderError, CorpusLocked or CorpusError.
        """
        recut(self._database, self.embedder, tokens, progress, cancelled)

    def recut_into(
        self,
        folder: Path,
        embedder: Embedder,
        progress: Callable[[int, int], None] | None = None,
        cancelled: threading.Event | None = None,
    ) -> Corpus:
        """A corpus in an empty folder with the same documents, cut to what `embedder` takes in.

        embedder: that of this corpus, in another size. The files are not copied.
        Raises as `recut`.
        """
        copy = Corpus.open(folder, embedder)
        tokens = embedder.max_tokens
        try:
            copy_recut(self._database, copy._database, embedder, tokens, progress, cancelled)
        except BaseException:
            copy.close()
            raise
        return copy

    def _chosen_tokens(self) -> int:
        """0 where none was chosen."""
        with self._database.reading() as connection:
            return int(meta_of(connection, "passage_tokens") or 0)

    def record_check(self, document: Document, check: SelfCheck) -> None:
        """Keep the result of a self-check with the version of the document that was checked."""
        with self._database.writing(searched=False) as connection:
            record_check(connection, document, check)

    def documents(self) -> list[Document]:
        """All documents by name."""
        with self.snapshot() as snapshot:
            return snapshot.documents()

    def document(self, name_or_id: str) -> Document:
        """The document of that name or id. Raises DocumentNotFound."""
        with self.snapshot() as snapshot:
            return snapshot.document(name_or_id)

    def passages(self, document_id: str | None = None) -> list[Passage]:
        """The passages of one document (by id or name), or of all, in order."""
        with self.snapshot() as snapshot:
            return snapshot.passages(document_id)

    def sections(self) -> frozenset[str]:
        """Hashes of all sections that the current documents have."""
        with self.snapshot() as snapshot:
            kept = self._sections
            if kept is None or kept[0] != snapshot.generation:
                self._sections = kept = (snapshot.generation, snapshot.sections())
        return kept[1]

    def passage(self, passage_id: int) -> Passage:
        """A passage by id, also of an earlier version. Raises DocumentNotFound once removed."""
        with self.snapshot() as snapshot:
            return snapshot.passage(passage_id)

    def text(self, document_id: str) -> str:
        """The whole parsed text of a document, of which passages are slices."""
        with self.snapshot() as snapshot:
            return snapshot.text(document_id)

    def file(self, document_id: str) -> Path:
        """The file as it was added."""
        return self._files.path(self.document(document_id).sha256)

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """One consistent state to read, for searches that take several steps."""
        with self._database.reading() as connection:
            yield Snapshot(connection)


def _loaded(
    load: Callable[[str], Embedder] | None, chosen: str, name: str, known: Embedder
) -> Embedder:
    """The embedder of the vectors, where it is not the one that is known."""
    loaded = load(chosen) if load is not None and chosen else known
    if loaded.name != name:
        raise EmbedderError(
            f"These documents were indexed with the embedding model {name}, not with "
            f"{loaded.name}: choose {name} again, or add the documents to a new assistant."
        )
    return loaded


def _sources(paths: Sequence[Path]) -> tuple[list[Source], list[AddResult]]:
    """The files to add with their names, and a refusal for each name that comes twice."""
    sources: dict[str, Source] = {}
    refused = []
    for path in paths:
        for source in _walked(path) if path.is_dir() else [Source(path, document_name(path.name))]:
            known = sources.setdefault(source.name, source)
            if known.path != source.path:
                refused.append(
                    AddResult(
                        source.name,
                        "failed",
                        reason=f"Another file named {source.name} came with it: rename one of "
                        "them, or add the folder that holds both.",
                    )
                )
    return list(sources.values()), refused


def _walked(folder: Path) -> Iterator[Source]:
    """Files under a folder by name; hidden ones and links are not followed."""
    with errors_mapped(folder):
        for place, folders, files in os.walk(folder):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted(files):
                path = Path(place, name)
                if not name.startswith(".") and not path.is_symlink():
                    yield Source(path, document_name(path.relative_to(folder).as_posix()))
