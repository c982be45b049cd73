"""corpus.db: its connections, its one writer at a time.

SQLite in WAL mode. Readers never wait; a write is one transaction that also raises the generation,
so that a process killed at any moment leaves whole documents or none. SQLite's own write lock is
the lock between the page and the command line; it is held for a commit, never while embedding.
"""

from __future__ import annotations

import logging
import queue
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from retrieval.errors import CorpusError, CorpusLocked
from retrieval.schema import SCHEMA_VERSION, create, migrate

logger = logging.getLogger(__name__)

_LOCK_SECONDS = 30.0


class Database:
    """The file, its pool of connections, and the two ways to use one."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._idle: queue.LifoQueue[sqlite3.Connection] = queue.LifoQueue()
        self.closed = False

    @classmethod
    def open(cls, path: Path, embedder: str, dimension: int) -> Database:
        """Open the file, making it where it is missing, for vectors of that embedder.

        Raises CorpusError where it is damaged, of a newer Duet, or cannot be made.
        """
        database = cls(path)
        with errors_mapped(path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
            with database._connection() as connection:
                connection.execute("PRAGMA journal_mode=WAL")
                version = connection.execute("PRAGMA user_version").fetchone()[0]
                if version == 0:
                    create(connection, embedder, dimension)
                elif version > SCHEMA_VERSION:
                    raise CorpusError(
                        f"The corpus in {path.parent} was made by a newer version of Duet: update "
                        "Duet to open it; nothing was changed."
                    )
                elif version < SCHEMA_VERSION:
                    migrate(connection)
        return database

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection that sees one state of the corpus, whatever is committed meanwhile."""
        with errors_mapped(self._path.parent), self._connection() as connection:
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                connection.execute("ROLLBACK")

    @contextmanager
    def writing(self, searched: bool = True) -> Iterator[sqlite3.Connection]:
        """A connection that alone may write; all of it is committed, or none.

        searched: whether it may change what a search finds, which raises the generation.
        Raises CorpusLocked where another process does not let go within 30 s.
        """
        with errors_mapped(self._path.parent), self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                if searched:
                    connection.execute(
                        "UPDATE meta SET value = CAST(value AS INTEGER) + 1 "
                        "WHERE key = 'generation'"
                    )
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    @contextmanager
    def locked(self) -> Iterator[sqlite3.Connection]:
        """A connection while no other may write; nothing that it does is kept."""
        with errors_mapped(self._path.parent), self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            finally:
                connection.execute("ROLLBACK")

    def close(self) -> None:
        """Close all idle connections; those in use are closed as they come back."""
        self.closed = True
        while True:
            try:
                self._idle.get_nowait().close()
            except queue.Empty:
                return

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        if self.closed:
            raise CorpusError("The corpus is closed: open it again.")
        try:
            connection = self._idle.get_nowait()
        except queue.Empty:
            connection = sqlite3.connect(
                self._path, timeout=_LOCK_SECONDS, isolation_level=None, check_same_thread=False
            )
        try:
            yield connection
        finally:
            if self.closed or connection.in_transaction:
                connection.close()
            else:
                self._idle.put(connection)


def generation_of(connection: sqlite3.Connection) -> int:
    """The number of the state that the connection sees."""
    row = connection.execute("SELECT value FROM meta WHERE key = 'generation'").fetchone()
    return int(row[0])


def meta_of(connection: sqlite3.Connection, key: str) -> str:
    """A value kept with the corpus, such as `corpus_id` or `embedder`; "" where it has none."""
    row = connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    return str(row[0]) if row else ""


def set_meta(connection: sqlite3.Connection, **values: str) -> None:
    """Keep values with the corpus, in the caller's transaction."""
    connection.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", values.items())


@contextmanager
def errors_mapped(folder: Path) -> Iterator[None]:
    """Map errors of SQLite and of the disk to those of this package."""
    try:
        yield
    except sqlite3.Error as error:
        raise _mapped(error, folder) from error
    except OSError as error:
        raise CorpusError(
            f"The documents in {folder} cannot be read or written "
            f"({error.strerror or error}): what was stored before is kept; free some space or "
            "check the permissions and try again."
        ) from error


def _mapped(error: sqlite3.Error, folder: Path) -> CorpusError | CorpusLocked:
    text = str(error)
    if "locked" in text or "busy" in text:
        return CorpusLocked(
            "Another window or command is writing to the same documents: nothing was changed; try "
            "again when it is done."
        )
    if "full" in text:
        return CorpusError(
            f"The disk that holds {folder} is full: what was stored before is kept; free some "
            "space and try again."
        )
    return CorpusError(
        f"The index of documents in {folder} cannot be used ({text}): the files themselves are "
        "kept in its folder named files; restore corpus.db from a copy, or move it away and add "
        "the files again."
    )
