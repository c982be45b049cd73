"""An open database: its URL, how SQLite is set, and its transactions."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url

from assistant.errors import StoreError
from assistant.store.failures import failures_mapped
from assistant.store.migrating import MIGRATIONS, is_current, migrate

BUSY_SECONDS = 30.0  # how long a write waits for that of another thread or process


class Database:
    """An engine whose `read` and `write` are whole transactions, safe under threads."""

    def __init__(
        self, url: str, busy_seconds: float = BUSY_SECONDS, migrations: Path = MIGRATIONS
    ) -> None:
        """Connect and bring the schema up to date. migrations: folder of Alembic scripts.

        Raises StoreError where the URL is wrong, or the database cannot be read or written, is
        damaged, or was made by a newer Duet.
        """
        with failures_mapped():
            parsed = make_url(url)
            if parsed.get_backend_name() == "sqlite":
                _prepare_file(parsed)
            self._engine = _engine(parsed, busy_seconds)
            try:
                with self._engine.connect() as connection, connection.begin():
                    current = is_current(connection, migrations)
                if not current:
                    _migrate(parsed, busy_seconds, migrations)
            except BaseException:
                self._engine.dispose()
                raise

    def close(self) -> None:
        """Give back all connections. Closing twice does no harm."""
        self._engine.dispose()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one state of the database throughout."""
        with failures_mapped(), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that is committed whole, or not at all where anything is raised."""
        with failures_mapped(), writing(self._engine) as connection:
            yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that holds SQLite's write lock from its beginning."""
    with engine.connect() as plain:
        connection = plain.execution_options(duet_writes=True)
        with connection.begin():
            yield connection


def _migrate(url: URL, busy_seconds: float, migrations: Path) -> None:
    # SQLite changes a table by making it anew, and dropping the old one would delete, along its
    # foreign keys, every vote: so migrations have an engine on which they are off.
    engine = _engine(url, busy_seconds, foreign_keys=False)
    try:
        if engine.dialect.name == "sqlite":
            _switch_to_wal(engine, busy_seconds)
        with writing(engine) as connection:
            migrate(connection, migrations)
    finally:
        engine.dispose()


def _switch_to_wal(engine: Engine, busy_seconds: float) -> None:
    """Let reading go on while another writes; the switch lasts in the file."""
    deadline = time.monotonic() + busy_seconds
    with engine.connect() as connection:
        cursor = connection.connection.cursor()
        while True:
            try:
                cursor.execute("PRAGMA journal_mode=WAL")
                return
            except sqlite3.OperationalError as error:
                # Unlike a write, the switch does not wait by itself for others to let go.
                busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
                if not busy or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)


def _prepare_file(url: URL) -> None:
    """Make the folder, and the file readable by its owner alone: it holds the cookie secret."""
    name = url.database
    if not name or name == ":memory:" or "mode=memory" in str(url):
        raise StoreError(
            "The database URL names no file, and Duet keeps nothing in memory alone: give it as "
            "sqlite:///folder/file.db."
        )
    if name.startswith("file:"):
        return
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def _engine(url: URL, busy_seconds: float, foreign_keys: bool = True) -> Engine:
    try:
        if url.get_backend_name() != "sqlite":
            return create_engine(url, pool_pre_ping=True)
        engine = create_engine(url, connect_args={"timeout": busy_seconds})
    except ImportError as error:
        raise StoreError(
            f"The database URL needs the package {error.name}, which is not installed: install it, "
            "or leave DUET_DATABASE_URL out to use a file in Duet's folder."
        ) from error

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: Any) -> None:
        # The driver would begin transactions by itself, too late and never for reading.
        connection.isolation_level = None
        connection.execute(f"PRAGMA foreign_keys={'ON' if foreign_keys else 'OFF'}")
        connection.execute("PRAGMA synchronous=FULL")

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        # A write takes its lock at once: one that had to wait for it after reading would fail.
        writes = connection.get_execution_options().get("duet_writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
