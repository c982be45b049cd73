"""Documents into and out of the tables, within a write transaction of the caller."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from retrieval import lexical
from retrieval.documents import AddResult, Document
from retrieval.snapshot import Snapshot
from retrieval.splitter import PassageDraft


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document that has been read and split; path: of the file it came from."""

    name: str
    path: Path
    sha256: str
    size: int
    pages: int | None
    words: int
    warnings: tuple[str, ...]
    text: str
    drafts: tuple[PassageDraft, ...]


def store(
    connection: sqlite3.Connection, document: Prepared, vectors: Mapping[str, bytes]
) -> AddResult:
    """Add the document, or replace that of its name.

    Looks again at what is there: another process may have added the same meanwhile.
    """
    snapshot = Snapshot(connection)
    existing = snapshot.document_of_name(document.name)
    if existing is not None and existing.sha256 == document.sha256:
        return AddResult(document.name, "unchanged", existing)
    twin = snapshot.document_of_bytes(document.sha256)
    reason = f"It has the same content as {twin.name}." if twin else ""
    if existing is None and twin is not None:
        return AddResult(document.name, "unchanged", twin, reason)
    if existing is None:
        document_id, version = uuid4().hex, 1
        connection.execute(
            "INSERT INTO documents VALUES (?, ?, ?, NULL)", (document_id, document.name, version)
        )
    else:
        document_id, version = existing.id, existing.version + 1
        _retire(connection, existing)
        connection.execute("UPDATE documents SET version = ? WHERE id = ?", (version, document_id))
    _insert_version(connection, document, document_id, version, vectors)
    return AddResult(
        document.name,
        "replaced" if existing else "added",
        snapshot.document(document_id),
        reason or " ".join(document.warnings),
    )


def erase(connection: sqlite3.Connection, document: Document) -> None:
    """Take a document out: passages, vectors and text of all its versions.

    The rows of its versions stay, with their hashes and dates, so that it can be told what a
    trained model once saw.
    """
    lexical.forget_version(connection, document.id, document.version)
    contents = connection.execute(
        "SELECT DISTINCT content FROM passages WHERE document_id = ?", (document.id,)
    ).fetchall()
    connection.execute("DELETE FROM passages WHERE document_id = ?", (document.id,))
    connection.executemany(
        "DELETE FROM vectors WHERE content = ?1 "
        "AND NOT EXISTS (SELECT 1 FROM passages WHERE content = ?1)",
        contents,
    )
    connection.execute("UPDATE versions SET text = '' WHERE document_id = ?", (document.id,))
    connection.execute("UPDATE documents SET removed_at = ? WHERE id = ?", (_now(), document.id))


def files_of(connection: sqlite3.Connection, document: Document) -> set[str]:
    """Hashes of the files of all versions of a document, removed or not."""
    rows = connection.execute("SELECT sha256 FROM versions WHERE document_id = ?", (document.id,))
    return {row[0] for row in rows}


def files_held(connection: sqlite3.Connection) -> set[str]:
    """Hashes of the files of all versions of all documents that are here."""
    rows = connection.execute(
        "SELECT v.sha256 FROM versions v JOIN documents d ON d.id = v.document_id "
        "WHERE d.removed_at IS NULL"
    )
    return {row[0] for row in rows}


def _retire(connection: sqlite3.Connection, document: Document) -> None:
    """Take the current version out of the search; its passages stay for those who cite them."""
    lexical.forget_version(connection, document.id, document.version)
    connection.execute(
        "UPDATE passages SET live = 0 WHERE document_id = ? AND version = ?",
        (document.id, document.version),
    )


def _insert_version(
    connection: sqlite3.Connection,
    document: Prepared,
    document_id: str,
    version: int,
    vectors: Mapping[str, bytes],
) -> None:
    connection.execute(
        "INSERT INTO versions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            document_id,
            version,
            document.sha256,
            document.size,
            document.pages,
            len(document.drafts),
            document.words,
            json.dumps(document.warnings, ensure_ascii=False),
            _now(),
            document.text,
        ),
    )
    connection.executemany(
        "INSERT OR IGNORE INTO vectors VALUES (?, ?)",
        ((draft.content, vectors[draft.content]) for draft in document.drafts),
    )
    connection.executemany(
        "INSERT INTO passages (document_id, version, ordinal, live, page, start, stop, section, "
        "content, heading_path, text) VALUES (?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?)",
        (
            (
                document_id,
                version,
                ordinal,
                draft.page,
                draft.start,
                draft.end,
                draft.section,
                draft.content,
                json.dumps(draft.heading_path, ensure_ascii=False),
                draft.text,
            )
            for ordinal, draft in enumerate(document.drafts)
        ),
    )
    lexical.index_version(connection, document_id, version)


def _now() -> str:
    return datetime.now(UTC).isoformat()
