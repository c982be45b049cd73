"""Which passages are searched: one of those that say the same stands for all of them.

All passages are stored as they were cut. One that is not `searched` has a `twin`: the id of the
passage that is searched in its place. Everything here happens within a write transaction of the
caller.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence

from retrieval import lexical
from retrieval.near_duplicates import band_keys, near_duplicates, packed, unpacked

_MOST_CANDIDATES = 20
_SELECT = "SELECT content, heading_path, text, signature FROM passages WHERE id = ?"


def signature(indexed_text: str) -> bytes:
    """What is stored of a passage to find its near-duplicates by; b"" for a short one."""
    return packed(band_keys(indexed_text))


def place(connection: sqlite3.Connection, ids: Iterable[int]) -> None:
    """Take each passage into the search, or set it behind the one that says the same already."""
    for passage in ids:
        content, heading_path, text, stored = connection.execute(_SELECT, (passage,)).fetchone()
        keys = unpacked(stored)
        twin = _equal(connection, content) or _nearly_equal(
            connection, _told(heading_path, text), keys
        )
        connection.execute(
            "UPDATE passages SET searched = ?, twin = ? WHERE id = ?",
            (twin is None, twin, passage),
        )
        if twin is None:
            connection.executemany(
                "INSERT OR IGNORE INTO bands VALUES (?, ?)", ((key, passage) for key in keys)
            )
            lexical.index_passage(connection, passage)


def withdraw(connection: sqlite3.Connection, document_id: str, version: int) -> list[int]:
    """Take the passages of a version out of the search; they stay stored, no longer live.

    Returns the ids of those of other documents for which they stood, to be placed anew.
    """
    of_version = (document_id, version)
    searched = connection.execute(
        "SELECT id, signature FROM passages WHERE document_id = ? AND version = ? AND searched",
        of_version,
    ).fetchall()
    lexical.forget_version(connection, document_id, version)
    connection.executemany(
        "DELETE FROM bands WHERE key = ? AND passage = ?",
        ((key, row[0]) for row in searched for key in unpacked(row[1])),
    )
    connection.execute(
        "UPDATE passages SET live = 0, searched = 0, twin = NULL "
        "WHERE document_id = ? AND version = ?",
        of_version,
    )
    orphans: list[int] = []
    for row in searched:
        found = connection.execute("SELECT id FROM passages WHERE twin = ?", (row[0],))
        orphans += (orphan for (orphan,) in found)
    return sorted(orphans)


def _equal(connection: sqlite3.Connection, content: str) -> int | None:
    row = connection.execute(
        "SELECT id FROM passages WHERE content = ? AND searched", (content,)
    ).fetchone()
    return int(row[0]) if row else None


def _nearly_equal(connection: sqlite3.Connection, told: str, keys: Sequence[int]) -> int | None:
    """The oldest searched passage that says the same, of at most 20 that share a key."""
    if not keys:
        return None
    marks = ",".join("?" * len(keys))
    candidates = connection.execute(
        f"SELECT DISTINCT passage FROM bands WHERE key IN ({marks}) ORDER BY passage LIMIT ?",
        (*keys, _MOST_CANDIDATES),
    ).fetchall()
    for (candidate,) in candidates:
        _, heading_path, text, _ = connection.execute(_SELECT, (candidate,)).fetchone()
        if near_duplicates(told, _told(heading_path, text)):
            return int(candidate)
    return None


def _told(heading_path: str, text: str) -> str:
    """What a passage says, its headings included: under another heading it says something else."""
    return "\n".join((*json.loads(heading_path), text))
