"""Documents into and out of the tables, within a write transaction of the caller."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from retrieval.documents import AddResult, Document, SelfCheck
from retrieval.duplicates import place, withdraw
from retrieval.snapshot import Snapshot
from retrieval.splitter import PassageDraft


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document that has been read and split.

    path: of the file it came from. signatures: of the drafts, in their order.
    """

    name: str
    path: Path
    sha256: str
    size: int
    pages: int | None
    words: int
    warnings: tuple[str, ...]
    text: str
    language: str | None
    drafts: tuple[PassageDraft, ...]
    signatures: tuple[bytes, ...]


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
    orphans: list[int] = []
    if existing is None:
        document_id, version = uuid4().hex, 1
        connection.execute(
            "INSERT INTO documents VALUES (?, ?, ?, NULL)", (document_id, document.name, version)
        )
        notes = [reason, *document.warnings]
    else:
        document_id, version = existing.id, existing.version + 1
        notes = [_what_changed(connection, existing, document), reason, *document.warnings]
        orphans = withdraw(connection, existing.id, existing.version)
        connection.execute("UPDATE documents SET version = ? WHERE id = ?", (version, document_id))
    inserted = _insert_version(connection, document, document_id, version, vectors)
    place(connection, (*orphans, *inserted))
    return AddResult(
        document.name,
        "replaced" if existing else "added",
        snapshot.document(document_id),
        " ".join(note for note in notes if note),
    )


def store_anew(
    connection: sqlite3.Connection, document: Prepared, vectors: Mapping[str, bytes]
) -> None:
    """Put the same document in other passages in the place of those of before, as a new version."""
    existing = Snapshot(connection).document(document.name)
    orphans = withdraw(connection, existing.id, existing.version)
    version = existing.version + 1
    connection.execute("UPDATE documents SET version = ? WHERE id = ?", (version, existing.id))
    inserted = _insert_version(connection, document, existing.id, version, vectors)
    place(connection, (*orphans, *inserted))


def erase(connection: sqlite3.Connection, document: Document) -> None:
    """Take a document out: passages, vectors and text of all its versions.

    The rows of its versions stay, with their hashes and dates, so that it can be told what a
    trained model once saw.
    """
    orphans = withdraw(connection, document.id, document.version)
    contents = connection.execute(
        "SELECT DISTINCT content FROM passages WHERE document_id = ?", (document.id,)
    ).fetchall()
    connection.execute("DELETE FROM passages WHERE document_id = ?", (document.id,))
    for table in ("vectors", "next_vectors"):
        connection.executemany(
            f"DELETE FROM {table} WHERE content = ?1 "
            "AND NOT EXISTS (SELECT 1 FROM passages WHERE content = ?1)",
            contents,
        )
    place(connection, orphans)
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


def record_check(connection: sqlite3.Connection, document: Document, check: SelfCheck) -> None:
    """Keep the result of a self-check with the version that was checked."""
    fields = {
        "outcome": check.outcome,
        "sentence": check.sentence,
        "found": check.found,
        "checked_at": check.checked_at.isoformat(),
    }
    connection.execute(
        "UPDATE versions SET self_check = ? WHERE document_id = ? AND version = ?",
        (json.dumps(fields, ensure_ascii=False), document.id, document.version),
    )


def _what_changed(connection: sqlite3.Connection, old: Document, new: Prepared) -> str:
    """The sentence that says what a new version replaces, and how much of it is the same."""
    rows = connection.execute(
        "SELECT content FROM passages WHERE document_id = ? AND version = ?", (old.id, old.version)
    )
    before = {row[0] for row in rows}
    unchanged = sum(draft.content in before for draft in new.drafts)
    changed = len(new.drafts) - unchanged
    day = old.added_at.astimezone()
    return (
        f"It replaces version {old.version} of {day.day} {day:%B %Y}: "
        f"{changed} {'passage' if changed == 1 else 'passages'} changed, {unchanged} unchanged."
    )


def _insert_version(
    connection: sqlite3.Connection,
    document: Prepared,
    document_id: str,
    version: int,
    vectors: Mapping[str, bytes],
) -> list[int]:
    """Store a version and its passages; returns the ids of these, which are not yet searched."""
    connection.execute(
        "INSERT INTO versions (document_id, version, sha256, size, pages, passages, words, "
        "warnings, added_at, text, language) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
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
            document.language,
        ),
    )
    connection.executemany(
        "INSERT OR IGNORE INTO vectors VALUES (?, ?)",
        ((draft.content, vectors[draft.content]) for draft in document.drafts),
    )
    connection.executemany(
        "INSERT INTO passages (document_id, version, ordinal, live, page, start, stop, section, "
        "content, heading_path, title, text, signature) "
        "VALUES (?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
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
                draft.title,
                draft.text,
                signature,
            )
            for ordinal, (draft, signature) in enumerate(
                zip(document.drafts, document.signatures, strict=True)
            )
        ),
    )
    rows = connection.execute(
        "SELECT id FROM passages WHERE document_id = ? AND version = ? ORDER BY id",
        (document_id, version),
    )
    return [row[0] for row in rows]


def _now() -> str:
    return datetime.now(UTC).isoformat()
