"""The one place where errors of SQLAlchemy, the drivers and the file system become sentences."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import (
    ArgumentError,
    DataError,
    DBAPIError,
    IntegrityError,
    InterfaceError,
    NoSuchModuleError,
    OperationalError,
    SQLAlchemyError,
    StatementError,
)

from assistant.errors import Conflict, DuetError, InvalidRequest, StoreError

_FULL = "The disk is full, so nothing was changed: free some space and try again."
_BUSY = (
    "The database is in use by another program that did not let go of it in time: nothing was "
    "changed, try again in a moment."
)
_READ_ONLY = (
    "The database may not be written by this user: nothing was changed, check the permissions of "
    "the file and its folder."
)
_CANNOT_OPEN = (
    "The database cannot be opened: check that its folder exists, that this user may write there, "
    "and that nothing else has its name."
)
_DAMAGED = (
    "The database is damaged or is no database: nothing was changed, put a copy of it back, or "
    "move it aside and Duet starts an empty one."
)
_FAILED_READING = (
    "The disk failed while the database was read or written: free some space where it is full, "
    "else check the disk."
)

# SQLite's primary result codes, https://www.sqlite.org/rescode.html
_SENTENCES = {
    sqlite3.SQLITE_BUSY: _BUSY,
    sqlite3.SQLITE_LOCKED: _BUSY,
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_READONLY: _READ_ONLY,
    sqlite3.SQLITE_PERM: _READ_ONLY,
    sqlite3.SQLITE_CANTOPEN: _CANNOT_OPEN,
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
    sqlite3.SQLITE_IOERR: _FAILED_READING,
}


@contextmanager
def failures_mapped() -> Iterator[None]:
    """Map foreign errors to the errors of this package; those of Duet pass unchanged.

    Raises StoreError where the database cannot be had, InvalidRequest where a value cannot be
    stored, Conflict where a constraint refused what another program made impossible meanwhile.
    """
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, OSError) as error:
        raise _mapped(error) from error
    except (OverflowError, UnicodeEncodeError) as error:
        raise _unstorable() from error


def _mapped(error: Exception) -> DuetError:
    if isinstance(error, OSError):
        return _of_system(error)
    if isinstance(error, sqlite3.Error):
        return _of_sqlite(error)
    if isinstance(error, (NoSuchModuleError, ArgumentError)):
        return StoreError(
            "The database URL is not one that SQLAlchemy understands: correct DUET_DATABASE_URL, "
            "or leave it out to use a file in Duet's folder."
        )
    if isinstance(error, IntegrityError):
        return Conflict(
            "What this belongs to was changed or deleted meanwhile, or it exists already: nothing "
            "was changed, look again."
        )
    if isinstance(error, DataError):
        return _unstorable()
    if isinstance(error, DBAPIError):
        if isinstance(error.orig, sqlite3.Error):
            return _of_sqlite(error.orig)
        if not isinstance(error, (OperationalError, InterfaceError)):
            return _failed(error.orig)
        return StoreError(
            f"The database server did not answer as it should ({_first_line(error.orig)}): nothing "
            "was changed, check that it runs and that DUET_DATABASE_URL is right."
        )
    if isinstance(error, StatementError) and isinstance(error.orig, (ValueError, TypeError)):
        return _unstorable()
    return _failed(error)


def _of_sqlite(error: sqlite3.Error) -> StoreError:
    code = getattr(error, "sqlite_errorcode", None)
    sentence = _SENTENCES.get(code & 0xFF) if code is not None else None
    return _failed(error) if sentence is None else StoreError(sentence)


def _failed(error: object) -> StoreError:
    return StoreError(
        f"The database failed ({_first_line(error)}): nothing was changed, try again, or start "
        "Duet anew."
    )


def _of_system(error: OSError) -> StoreError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StoreError(_FULL)
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return StoreError(_READ_ONLY)
    return StoreError(_CANNOT_OPEN)


def _unstorable() -> InvalidRequest:
    return InvalidRequest(
        "A text, number or time in this request cannot be stored: nothing was changed, remove "
        "unusual characters and try again."
    )


def _first_line(error: object) -> str:
    return str(error).strip().partition("\n")[0][:200]
