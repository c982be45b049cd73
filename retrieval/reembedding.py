"""Vectors of another embedder, made while those of before are searched.

Passages stay as they were cut, so that their ids, sections and citations stay valid; only vectors
are made anew. They gather in `next_vectors`, a part at a time, so that a process that ends early
goes on where it stopped. When all are there, one transaction puts them in the place of the others.
"""

from __future__ import annotations

import json
import logging
import sqlite3
import threading
from collections.abc import Callable

from retrieval.database import Database, meta_of, set_meta
from retrieval.embedder import Embedder
from retrieval.errors import Cancelled
from retrieval.splitter import indexed_text

logger = logging.getLogger(__name__)

PART_PASSAGES = 512

_MISSING = (
    "FROM passages p WHERE p.live AND NOT EXISTS "
    "(SELECT 1 FROM next_vectors n WHERE n.content = p.content)"
)

Progress = Callable[[int, int], None]


def reembed(
    database: Database,
    embedder: Embedder,
    chosen: str,
    progress: Progress | None,
    cancelled: threading.Event | None,
) -> int:
    """As `Corpus.reembed`."""
    with database.writing(searched=False) as connection:
        if meta_of(connection, "embedder") == embedder.name:
            set_meta(connection, embedder_chosen=chosen)
            return 0
        if meta_of(connection, "next_embedder") != embedder.name:
            connection.execute("DELETE FROM next_vectors")
            set_meta(connection, next_embedder=embedder.name)
    longer = 0
    while True:
        longer += _catch_up(database, embedder, progress, cancelled)
        # What was added since the last part was looked for is embedded before the change.
        with database.writing() as connection:
            if not _missing(connection, 1)[0]:
                _switch(connection, embedder, chosen)
                break
    logger.info("Passages are searched with %s from now on.", embedder.name)
    return longer


def _catch_up(
    database: Database,
    embedder: Embedder,
    progress: Progress | None,
    cancelled: threading.Event | None,
) -> int:
    """Embed what has no vector of the new embedder yet; how many of these texts are too long."""
    longer, last = 0, 0
    with database.reading() as connection:
        done, total = _counts(connection)
    while True:
        with database.reading() as connection:
            part, last = _missing(connection, PART_PASSAGES, last)
        if progress is not None:
            progress(done, max(done, total))
        if not part:
            return longer

        def embedded(count: int, done: int = done) -> None:
            if cancelled is not None and cancelled.is_set():
                raise Cancelled(
                    "The change of the embedding model was stopped: documents are searched with "
                    "the one of before, and the change can be taken up where it stopped."
                )
            if progress is not None:
                progress(done + count, max(done + count, total))

        embedded(0)
        texts = list(part.values())
        vectors = embedder.encode(texts, embedded)
        longer += sum(tokens > embedder.max_tokens for tokens in embedder.count_tokens(texts))
        with database.writing(searched=False) as connection:
            if meta_of(connection, "next_embedder") != embedder.name:
                raise Cancelled(
                    "Another change of the embedding model was begun meanwhile, and goes on in "
                    "place of this one: documents are searched as before."
                )
            connection.executemany(
                "INSERT OR IGNORE INTO next_vectors SELECT ?1, ?2 "
                "WHERE EXISTS (SELECT 1 FROM passages WHERE content = ?1)",
                (
                    (content, vector.astype("<f4").tobytes())
                    for content, vector in zip(part, vectors, strict=True)
                ),
            )
        done += len(part)


def _missing(
    connection: sqlite3.Connection, most: int, after: int = 0
) -> tuple[dict[str, str], int]:
    """Content hashes without a vector of the new embedder with their indexed texts.

    Of passages with ids above `after`; also the id of the last one.
    """
    rows = connection.execute(
        f"SELECT p.content, p.heading_path, p.text, p.title, p.id {_MISSING} AND p.id > ? "
        "ORDER BY p.id LIMIT ?",
        (after, most),
    ).fetchall()
    texts = {row[0]: indexed_text(json.loads(row[1]), row[2], row[3]) for row in rows}
    return texts, rows[-1][4] if rows else after


def _counts(connection: sqlite3.Connection) -> tuple[int, int]:
    """Different passages with a vector of the new embedder, and all different passages."""
    (left,) = connection.execute(f"SELECT count(DISTINCT p.content) {_MISSING}").fetchone()
    (total,) = connection.execute(
        "SELECT count(DISTINCT content) FROM passages WHERE live"
    ).fetchone()
    return total - left, total


def _switch(connection: sqlite3.Connection, embedder: Embedder, chosen: str) -> None:
    """Put the new vectors in the place of the others: names change, nothing is copied."""
    connection.execute("DROP TABLE vectors")
    connection.execute("ALTER TABLE next_vectors RENAME TO vectors")
    connection.execute("CREATE TABLE next_vectors (content TEXT PRIMARY KEY, vector BLOB NOT NULL)")
    connection.execute("UPDATE versions SET self_check = NULL")
    set_meta(
        connection,
        embedder=embedder.name,
        dimension=str(embedder.dimension),
        embedder_chosen=chosen,
        next_embedder="",
    )
