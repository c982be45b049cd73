"""Opening a database: its URL, how SQLite is set, its migrations, and its transactions."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text

from assistant.errors import StoreError
from assistant.store.failures import failures_mapped

logger = logging.getLogger(__name__)

BUSY_SECONDS = 30.0  # how long a write waits for that of another thread or process

_MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK_KEY = 0x64756574  # "duet": PostgreSQL's advisory lock of migrating
# Alembic keeps its current environment in a module, so that one process migrates one thing a time.
_migrating = threading.Lock()


class Database:
    """An engine whose `read` and `write` are whole transactions, safe under threads."""

    def __init__(self, url: str, busy_seconds: float = BUSY_SECONDS) -> None:
        """Connect and bring the schema up to date.

        Raises StoreError where the URL is wrong, or the database cannot be read or written, is
        damaged, or was made by a newer Duet.
        """
        with failures_mapped():
            parsed = make_url(url)
            if parsed.get_backend_name() == "sqlite":
                _prepare_file(parsed)
            self._engine = _engine(parsed, busy_seconds)
            try:
                self._migrate(busy_seconds)
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
        with failures_mapped(), self._engine.connect() as plain:
            connection = plain.execution_options(duet_writes=True)
            with connection.begin():
                yield connection

    def _migrate(self, busy_seconds: float) -> None:
        config = Config(attributes={"log": logger})
        config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
        with _migrating:
            script = ScriptDirectory.from_config(config)
            head = script.get_current_head()
            if self._revision() == head:
                return
            if self._engine.dialect.name == "sqlite":
                self._switch_to_wal(busy_seconds)
            with self.write() as connection:
                if connection.dialect.name == "postgresql":
                    connection.execute(
                        text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY}
                    )
                revision = MigrationContext.configure(connection).get_current_revision()
                if revision == head:  # another process was faster
                    return
                known = {known.revision for known in script.walk_revisions()}
                if revision is not None and revision not in known:
                    raise StoreError(
                        "The database was made by a newer version of Duet: nothing was changed, "
                        "update Duet to open it."
                    )
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
                logger.info("database migrated from %s to %s", revision or "empty", head)

    def _revision(self) -> str | None:
        with self.read() as connection:
            return MigrationContext.configure(connection).get_current_revision()

    def _switch_to_wal(self, busy_seconds: float) -> None:
        # The switch lasts in the file. SQLite does not wait for it as it does for a write.
        deadline = time.monotonic() + busy_seconds
        while True:
            try:
                with self._engine.connect() as connection:
                    dbapi = connection.connection.dbapi_connection
                    assert dbapi is not None
                    dbapi.cursor().execute("PRAGMA journal_mode=WAL")
                    return
            except Exception as error:
                if "locked" not in str(error) or time.monotonic() > deadline:
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


def _engine(url: URL, busy_seconds: float) -> Engine:
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
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA synchronous=FULL")

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        # A write takes its lock at once: one that had to wait for it after reading would fail.
        writes = connection.get_execution_options().get("duet_writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
