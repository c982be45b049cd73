"""One state of the corpus, read consistently however much is written meanwhile."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np

from retrieval.database import generation_of, meta_of
from retrieval.documents import Document, Passage, SelfCheck
from retrieval.embedder import Vectors
from retrieval.errors import DocumentNotFound

_VARIABLES = 10_000
_DOCUMENT = (
    "SELECT d.id, d.name, v.sha256, v.version, v.size, v.pages, v.passages, v.words, v.warnings, "
    "v.added_at, v.language, v.self_check, (SELECT count(*) FROM passages p "
    "WHERE p.document_id = d.id AND p.twin IS NOT NULL) "
    "FROM documents d JOIN versions v ON v.document_id = d.id AND v.version = d.version "
    "WHERE d.removed_at IS NULL"
)
_PASSAGE = (
    "SELECT p.id, p.document_id, d.name, p.ordinal, p.text, p.heading_path, p.page, p.start, "
    "p.stop, p.section, p.title FROM passages p JOIN documents d ON d.id = p.document_id"
)

Ids = np.ndarray[tuple[int], np.dtype[np.int64]]


class Snapshot:
    """Reads through a connection that is within a transaction; see `Corpus.snapshot`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.generation = generation_of(connection)

    @property
    def embedder(self) -> str:
        """The name of the embedder that made the vectors."""
        return meta_of(self.connection, "embedder")

    def documents(self) -> list[Document]:
        """All current documents by name."""
        rows = self.connection.execute(f"{_DOCUMENT} ORDER BY d.name")
        return [_document(row) for row in rows]

    def document(self, name_or_id: str) -> Document:
        """The document of that name, else of that id. Raises DocumentNotFound."""
        for column in ("name", "id"):
            row = self.connection.execute(
                f"{_DOCUMENT} AND d.{column} = ?", (name_or_id,)
            ).fetchone()
            if row:
                return _document(row)
        raise DocumentNotFound(
            f"There is no document named {name_or_id} here: look at the list of documents."
        )

    def document_of_bytes(self, sha256: str) -> Document | None:
        """The document whose current version has that hash."""
        row = self.connection.execute(
            f"{_DOCUMENT} AND v.sha256 = ? ORDER BY d.name", (sha256,)
        ).fetchone()
        return _document(row) if row else None

    def document_of_name(self, name: str) -> Document | None:
        """The document of that name."""
        row = self.connection.execute(f"{_DOCUMENT} AND d.name = ?", (name,)).fetchone()
        return _document(row) if row else None

    def text(self, document_id: str) -> str:
        """The whole parsed text of the current version."""
        document = self.document(document_id)
        row = self.connection.execute(
            "SELECT text FROM versions WHERE document_id = ? AND version = ?",
            (document.id, document.version),
        ).fetchone()
        return str(row[0])

    def passages(self, document_id: str | None = None) -> list[Passage]:
        """The passages of one current document, or of all, in order."""
        if document_id is None:
            rows = self.connection.execute(f"{_PASSAGE} WHERE p.live ORDER BY p.id")
        else:
            rows = self.connection.execute(
                f"{_PASSAGE} WHERE p.live AND p.document_id = ? ORDER BY p.id",
                (self.document(document_id).id,),
            )
        return [_passage(row) for row in rows]

    def sections(self) -> frozenset[str]:
        """Hashes of the sections that the current passages are cut from."""
        rows = self.connection.execute("SELECT DISTINCT section FROM passages WHERE live")
        return frozenset(row[0] for row in rows)

    def passage(self, passage_id: int) -> Passage:
        """A passage by id, also of an earlier version. Raises DocumentNotFound."""
        row = self.connection.execute(f"{_PASSAGE} WHERE p.id = ?", (passage_id,)).fetchone()
        if row is None:
            raise DocumentNotFound("That passage is gone, for its document was removed: ask again.")
        return _passage(row)

    def live_passages(self, ids: Sequence[int]) -> dict[int, Passage]:
        """Those of the ids that are searched."""
        found = self._in_parts(f"{_PASSAGE} WHERE p.searched AND p.id IN ", ids)
        return {row[0]: _passage(row) for row in found}

    def live_ids(self) -> Ids:
        """Ids of all passages that are searched, ascending."""
        rows = self.connection.execute("SELECT id FROM passages WHERE searched ORDER BY id")
        return np.fromiter((row[0] for row in rows), dtype=np.int64)

    def twins(self) -> dict[int, int]:
        """From each current passage that is not searched to the one that is in its place."""
        rows = self.connection.execute("SELECT id, twin FROM passages WHERE twin IS NOT NULL")
        return dict(rows.fetchall())

    def also_in(self, ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
        """Where else it says what each of those searched passages says: names, with pages.

        Passages that stand for no other are left out.
        """
        rows = self._in_parts(
            "SELECT p.twin, d.name, p.page, k.document_id = p.document_id AND k.page IS p.page "
            "FROM passages p JOIN documents d ON d.id = p.document_id "
            "JOIN passages k ON k.id = p.twin WHERE p.twin IN ",
            ids,
        )
        places: dict[int, dict[str, None]] = {}
        for twin, name, page, same_place in sorted(rows, key=lambda row: (row[1], row[2] or 0)):
            if not same_place:
                label = f"{name}, p. {page}" if page else name
                places.setdefault(twin, {})[label] = None
        return {twin: tuple(labels) for twin, labels in places.items()}

    def vectors(self, ids: Sequence[int], dimension: int) -> tuple[Ids, Vectors]:
        """Ids and vectors of those passages, in the same order as each other."""
        rows = self._in_parts(
            "SELECT p.id, v.vector FROM passages p JOIN vectors v ON v.content = p.content "
            "WHERE p.id IN ",
            ids,
        )
        vectors: Vectors = np.frombuffer(b"".join(row[1] for row in rows), dtype="<f4").reshape(
            len(rows), dimension
        )
        return np.array([row[0] for row in rows], dtype=np.int64), vectors

    def known_vectors(self, contents: Sequence[str]) -> dict[str, bytes]:
        """The stored vectors of those content hashes, as bytes."""
        rows = self._in_parts("SELECT content, vector FROM vectors WHERE content IN ", contents)
        return dict(rows)

    def _in_parts(
        self, select: str, values: Sequence[int] | Sequence[str]
    ) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = []
        for start in range(0, len(values), _VARIABLES):
            part = list(values[start : start + _VARIABLES])
            marks = ",".join("?" * len(part))
            rows += self.connection.execute(f"{select}({marks})", part)
        return rows


def _document(row: tuple[Any, ...]) -> Document:
    return Document(
        id=row[0],
        name=row[1],
        sha256=row[2],
        version=row[3],
        size=row[4],
        pages=row[5],
        passages=row[6],
        words=row[7],
        warnings=tuple(json.loads(row[8])),
        added_at=datetime.fromisoformat(row[9]),
        language=row[10],
        self_check=_self_check(row[11]),
        duplicates=row[12],
    )


def _self_check(stored: str | None) -> SelfCheck | None:
    if stored is None:
        return None
    fields = json.loads(stored)
    return SelfCheck(
        outcome=fields["outcome"],
        sentence=fields["sentence"],
        found=tuple(fields["found"]),
        checked_at=datetime.fromisoformat(fields["checked_at"]),
    )


def _passage(row: tuple[Any, ...]) -> Passage:
    return Passage(
        id=row[0],
        document_id=row[1],
        document=row[2],
        ordinal=row[3],
        text=row[4],
        heading_path=tuple(json.loads(row[5])),
        page=row[6],
        start=row[7],
        end=row[8],
        section=row[9],
        title=row[10],
    )
