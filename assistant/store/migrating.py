"""Bringing a database's schema up to date, by the Alembic scripts in `migrations`.

The scripts form one line; each is named after its revision, as in v0001_first.py.
"""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from assistant.errors import StoreError

logger = logging.getLogger(__name__)

MIGRATIONS = Path(__file__).parent / "migrations"

_LOCK_KEY = 0x64756574  # "duet": PostgreSQL's advisory lock of migrating
# Alembic keeps its current environment in a module, so that one process migrates one thing a time.
_migrating = threading.Lock()


def is_current(connection: Connection, migrations: Path) -> bool:
    """Whether there is nothing to do. Found without Alembic, which takes long to import."""
    return _revision(connection) == _revisions(migrations)[-1]


def migrate(connection: Connection, migrations: Path) -> None:
    """Run what is missing, in the transaction of the connection: all of it or nothing.

    Raises StoreError where the database is at a revision that the folder does not know.
    """
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    known = _revisions(migrations)
    with _migrating:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})
        revision = _revision(connection)
        if revision == known[-1]:  # another process was faster
            return
        if revision is not None and revision not in known:
            raise StoreError(
                "The database was made by a newer version of Duet: nothing was changed, update "
                "Duet to open it."
            )
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(migrations).replace("%", "%%"))
        config.set_main_option("path_separator", "os")
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise StoreError(
                f"The database could not be brought up to date ({error}): nothing was changed, "
                "install Duet anew."
            ) from error
        _check_references(connection)
    logger.info("database migrated from %s to %s", revision or "nothing", known[-1])


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version"))
    return found.scalar_one_or_none()


def _revisions(migrations: Path) -> list[str]:
    """All revisions of the folder, in order."""
    scripts = (migrations / "versions").glob("v*_*.py")
    return sorted(script.stem.partition("_")[0].removeprefix("v") for script in scripts)


def _check_references(connection: Connection) -> None:
    """Check what SQLite does not while foreign keys are off."""
    if connection.dialect.name == "sqlite":
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
        if broken is not None:
            raise StoreError(
                f"The rows of {broken[0]} would refer to nothing after the update: the database "
                "was left as it was, report this with the versions of Duet before and after."
            )
