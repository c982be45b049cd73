"""Documents cut into passages of another size, from the text and the sections that are stored.

No file is read again. A passage never crosses the section it was cut from, and sections keep their
hashes, so that no text moves from one side of a split to the other. Earlier passages stay for those
who cite them, as when a file is replaced. All documents change in one transaction, or none.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path

from retrieval.database import Database, meta_of, set_meta
from retrieval.documents import Document, Passage
from retrieval.duplicates import signature
from retrieval.embedder import Embedder
from retrieval.errors import Cancelled, CorpusError
from retrieval.loaders.parsed import Block, Kind, Parsed
from retrieval.passage_size import sized
from retrieval.snapshot import Snapshot
from retrieval.splitter import PassageDraft, split
from retrieval.storing import Prepared, store, store_anew

logger = logging.getLogger(__name__)

Progress = Callable[[int, int], None]

_SENTENCE_ENDS = (".", "!", "?", "\u2026", ":", ";", ")", '"', "\u201d")


def recut(
    database: Database,
    embedder: Embedder,
    tokens: int,
    progress: Progress | None = None,
    cancelled: threading.Event | None = None,
) -> None:
    """Cut every document anew and remember the size for those to come; see `Corpus.recut`."""
    cutter = sized(embedder, tokens)
    vectors: dict[str, bytes] = {}
    while True:
        with database.reading() as connection:
            state, documents = _state(connection), _documents(Snapshot(connection), cutter)
            vectors |= _known(Snapshot(connection), embedder, documents)
        if state[0] != embedder.name:
            raise CorpusError(
                "The embedding model was changed meanwhile: the passages are as they were cut, "
                "measure again and adopt from there."
            )
        _embed(embedder, documents, vectors, progress, cancelled)
        with database.writing() as connection:
            # What was added or replaced meanwhile is cut as well before anything changes.
            if _state(connection) != state:
                continue
            for document in documents:
                store_anew(connection, document, vectors)
            set_meta(connection, passage_tokens=str(cutter.max_tokens))
            break
    logger.info("Passages have at most %d tokens from now on.", cutter.max_tokens)


def copy_recut(
    source: Database,
    target: Database,
    embedder: Embedder,
    tokens: int,
    progress: Progress | None = None,
    cancelled: threading.Event | None = None,
) -> None:
    """Put the documents of one corpus into an empty other one, cut anew: to try a size."""
    with source.reading() as connection:
        documents = _documents(Snapshot(connection), sized(embedder, tokens))
        vectors = _known(Snapshot(connection), embedder, documents)
    _embed(embedder, documents, vectors, progress, cancelled)
    with target.writing() as connection:
        for document in documents:
            store(connection, document, vectors)


def _state(connection: sqlite3.Connection) -> tuple[str, tuple[tuple[str, int], ...]]:
    """The embedder and the versions of all documents."""
    documents = Snapshot(connection).documents()
    versions = tuple(sorted((document.id, document.version) for document in documents))
    return meta_of(connection, "embedder"), versions


def _documents(snapshot: Snapshot, cutter: Embedder) -> list[Prepared]:
    return [_prepared(snapshot, document, cutter) for document in snapshot.documents()]


def _prepared(snapshot: Snapshot, document: Document, cutter: Embedder) -> Prepared:
    text = snapshot.text(document.id)
    drafts = tuple(_drafts(document.name, text, snapshot.passages(document.id), cutter))
    return Prepared(
        name=document.name,
        path=Path(document.name),
        sha256=document.sha256,
        size=document.size,
        pages=document.pages,
        words=document.words,
        warnings=document.warnings,
        text=text,
        language=document.language,
        drafts=drafts,
        signatures=tuple(signature(draft.told) for draft in drafts),
    )


def _drafts(
    name: str, text: str, passages: Sequence[Passage], cutter: Embedder
) -> Iterator[PassageDraft]:
    """The passages of a document cut anew within each of its sections."""
    for section, group in groupby(passages, key=lambda passage: passage.section):
        blocks = tuple(
            Block(one.start, one.end, _kind(one.text), one.heading_path, one.page) for one in group
        )
        for draft in split(Parsed(text, blocks), cutter, name):
            yield replace(draft, section=section)


def _kind(text: str) -> Kind:
    """Rows and list items are cut at line ends, prose at sentence ends; the text shows which."""
    lines = text.split("\n")
    open_ended = sum(not line.rstrip().endswith(_SENTENCE_ENDS) for line in lines)
    return "lines" if len(lines) > 1 and 2 * open_ended > len(lines) else "prose"


def _known(
    snapshot: Snapshot, embedder: Embedder, documents: Sequence[Prepared]
) -> dict[str, bytes]:
    if snapshot.embedder != embedder.name:
        return {}
    contents = {draft.content for document in documents for draft in document.drafts}
    return snapshot.known_vectors(list(contents))


def _embed(
    embedder: Embedder,
    documents: Sequence[Prepared],
    vectors: dict[str, bytes],
    progress: Progress | None,
    cancelled: threading.Event | None,
) -> None:
    """Add the vectors that are missing. Raises Cancelled, EmbedderError."""
    drafts = {draft.content: draft for document in documents for draft in document.drafts}
    fresh = [content for content in drafts if content not in vectors]
    reused = len(drafts) - len(fresh)

    def embedded(count: int) -> None:
        if cancelled is not None and cancelled.is_set():
            raise Cancelled("Cutting the documents anew was stopped: they are as they were.")
        if progress is not None:
            progress(reused + count, len(drafts))

    embedded(0)
    encoded = embedder.encode([drafts[content].indexed_text for content in fresh], embedded)
    for content, vector in zip(fresh, encoded, strict=True):
        vectors[content] = vector.astype("<f4").tobytes()
