"""The tables of corpus.db, made new or brought from an earlier version in place.

A migration is one transaction: killed in the middle, it leaves the earlier version whole, and the
next opening begins it again.
"""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import uuid4

from retrieval import lexical
from retrieval.duplicates import place, signature
from retrieval.language import language_of

logger = logging.getLogger(__name__)

SCHEMA_VERSION = 3

_NEXT_VECTORS = "CREATE TABLE next_vectors (content TEXT PRIMARY KEY, vector BLOB NOT NULL)"

_DUPLICATES = (
    "CREATE TABLE bands (key INTEGER NOT NULL, passage INTEGER NOT NULL, "
    "PRIMARY KEY (key, passage)) WITHOUT ROWID",
    "CREATE INDEX passages_searched ON passages (id) WHERE searched",
    "CREATE INDEX passages_twin ON passages (twin) WHERE twin IS NOT NULL",
    "CREATE INDEX passages_behind ON passages (document_id) WHERE twin IS NOT NULL",
)

_TABLES = (
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE documents (id TEXT PRIMARY KEY, name TEXT NOT NULL, version INTEGER NOT NULL, "
    "removed_at TEXT) WITHOUT ROWID",
    "CREATE UNIQUE INDEX documents_name ON documents (name) WHERE removed_at IS NULL",
    # self_check: JSON, NULL where it has not been checked.
    "CREATE TABLE versions (document_id TEXT NOT NULL REFERENCES documents (id), "
    "version INTEGER NOT NULL, sha256 TEXT NOT NULL, size INTEGER NOT NULL, pages INTEGER, "
    "passages INTEGER NOT NULL, words INTEGER NOT NULL, warnings TEXT NOT NULL, "
    "added_at TEXT NOT NULL, text TEXT NOT NULL, language TEXT, self_check TEXT, "
    "PRIMARY KEY (document_id, version))",
    "CREATE INDEX versions_sha256 ON versions (sha256)",
    # live: of the current version. searched, twin: see retrieval.duplicates.
    "CREATE TABLE passages (id INTEGER PRIMARY KEY AUTOINCREMENT, "
    "document_id TEXT NOT NULL REFERENCES documents (id), version INTEGER NOT NULL, "
    "ordinal INTEGER NOT NULL, live INTEGER NOT NULL, page INTEGER, start INTEGER NOT NULL, "
    "stop INTEGER NOT NULL, section TEXT NOT NULL, content TEXT NOT NULL, "
    "heading_path TEXT NOT NULL, title TEXT NOT NULL DEFAULT '', "
    "text TEXT NOT NULL, searched INTEGER NOT NULL DEFAULT 0, "
    "twin INTEGER, signature BLOB NOT NULL DEFAULT x'')",
    "CREATE INDEX passages_version ON passages (document_id, version)",
    "CREATE INDEX passages_content ON passages (content)",
    "CREATE INDEX passages_live ON passages (id) WHERE live",
    "CREATE TABLE vectors (content TEXT PRIMARY KEY, vector BLOB NOT NULL)",
    _NEXT_VECTORS,
    *_DUPLICATES,
    *lexical.LEXICAL_SCHEMA,
)


def create(connection: sqlite3.Connection, embedder: str, dimension: int) -> None:
    """Make the tables of an empty corpus, unless another process was first."""
    with _transaction(connection):
        if connection.execute("PRAGMA user_version").fetchone()[0] == 0:
            for statement in _TABLES:
                connection.execute(statement)
            connection.executemany(
                "INSERT INTO meta VALUES (?, ?)",
                (
                    ("generation", "0"),
                    ("corpus_id", uuid4().hex),
                    ("embedder", embedder),
                    ("dimension", str(dimension)),
                ),
            )
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def migrate(connection: sqlite3.Connection) -> None:
    """Bring an earlier version to this one; what is there already is left as it is."""
    with _transaction(connection):
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version in _MIGRATIONS:  # another process may have been first
            logger.info("Bringing the documents to version %d of their tables.", SCHEMA_VERSION)
            _MIGRATIONS[version](connection)
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _from_version_1(connection: sqlite3.Connection) -> None:
    """Languages, self-checks, near-duplicates, and room for the vectors of another embedder."""
    _from_version_2(connection)  # what `place` reads is in the table by then
    for statement in (
        "ALTER TABLE versions ADD COLUMN language TEXT",
        "ALTER TABLE versions ADD COLUMN self_check TEXT",
        "ALTER TABLE passages ADD COLUMN searched INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE passages ADD COLUMN twin INTEGER",
        "ALTER TABLE passages ADD COLUMN signature BLOB NOT NULL DEFAULT x''",
        _NEXT_VECTORS,
        *_DUPLICATES,
    ):
        connection.execute(statement)
    connection.create_function("language_of", 1, language_of, deterministic=True)
    connection.create_function("signature", 2, _signature, deterministic=True)
    connection.execute(
        "UPDATE versions SET language = language_of(text) WHERE (document_id, version) IN "
        "(SELECT id, version FROM documents WHERE removed_at IS NULL)"
    )
    connection.execute("UPDATE passages SET signature = signature(heading_path, text) WHERE live")
    connection.execute("INSERT INTO lexical (lexical) VALUES ('delete-all')")
    live = connection.execute("SELECT id FROM passages WHERE live ORDER BY id").fetchall()
    place(connection, (row[0] for row in live))
    connection.execute(
        "UPDATE meta SET value = CAST(value AS INTEGER) + 1 WHERE key = 'generation'"
    )


def _signature(heading_path: str, text: str) -> bytes:
    return signature("\n".join((*json.loads(heading_path), text)))


def _from_version_2(connection: sqlite3.Connection) -> None:
    """Room for titles. Passages keep their indexed text and vectors, and so have none."""
    connection.execute("ALTER TABLE passages ADD COLUMN title TEXT NOT NULL DEFAULT ''")


_MIGRATIONS: dict[int, Callable[[sqlite3.Connection], None]] = {
    1: _from_version_1,
    2: _from_version_2,
}
"""From each earlier version to this one."""


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
