"""Every foreign error becomes one of Duet's, with a sentence that helps, and nothing is lost."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path

import pytest
import sqlalchemy.exc
from sqlalchemy import create_engine, event, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError, StatementError

from assistant.errors import DuetError, InvalidRequest, NotFound, StoreError
from assistant.records import Assistant, Vote
from assistant.store import Store
from assistant.store.failures import failures_mapped


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("", "DUET_DATABASE_URL"),
        ("duet.db", "DUET_DATABASE_URL"),
        ("nosuch://host/name", "DUET_DATABASE_URL"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("sqlite:///file:duet?mode=memory&uri=true", "names no file"),
    ],
)
def test_a_wrong_url(url: str, sentence: str) -> None:
    with pytest.raises(StoreError, match=sentence):
        Store.open(url)


@pytest.mark.skipif(find_spec("psycopg2") is not None, reason="psycopg2 is installed")
def test_a_driver_that_is_not_installed() -> None:
    with pytest.raises(StoreError, match="needs the package psycopg2"):
        Store.open("postgresql+psycopg2://nobody@127.0.0.1:1/nothing")


def test_a_folder_in_place_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be opened"):
        Store.open(f"sqlite:///{tmp_path}")


def test_a_file_in_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file")
    with pytest.raises(StoreError, match="cannot be opened"):
        Store.open(f"sqlite:///{tmp_path / 'home' / 'duet.db'}")


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "duet.db"
    path.write_bytes(b"A shopping list, not a database. " * 200)
    with pytest.raises(StoreError, match="damaged or is no database"):
        Store.open(f"sqlite:///{path}")
    assert path.read_bytes().startswith(b"A shopping list")


def test_a_damaged_database(migrated_file: Path, tmp_path: Path, assistant: Assistant) -> None:
    path = tmp_path / "duet.db"
    whole = migrated_file.read_bytes()
    path.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    with pytest.raises(StoreError, match="damaged"), Store.open(f"sqlite:///{path}") as store:
        store.add_assistant(assistant)


def test_another_program_that_does_not_let_go(
    asked: Store, vote: Callable[..., Vote], tmp_path: Path
) -> None:
    path = tmp_path / "duet.db"
    if not path.exists():
        pytest.skip("the lock is SQLite's")
    impatient = Store.open(f"sqlite:///{path}", busy_seconds=0.05)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreError, match="in use by another program"):
            impatient.add_vote(vote())
        other.execute("ROLLBACK")
    assert impatient.votes("a1") == []
    impatient.add_vote(vote())
    impatient.close()
    assert [counted.vote for counted in asked.votes("a1")] == [vote()]


def test_a_full_disk(migrated_file: Path, tmp_path: Path) -> None:
    path = tmp_path / "duet.db"
    path.write_bytes(migrated_file.read_bytes())
    engine = create_engine(f"sqlite:///{path}")

    @event.listens_for(engine, "connect")
    def _no_more_pages(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA max_page_count=1")  # SQLite takes the present count

    statement = text("INSERT INTO secrets VALUES ('x', zeroblob(1000000))")
    with (
        pytest.raises(StoreError, match="disk is full"),
        failures_mapped(),
        engine.begin() as connection,
    ):
        connection.execute(statement)
    engine.dispose()
    with Store.open(f"sqlite:///{path}") as store:
        assert len(store.secret()) == 32


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (errno.ENOSPC, "disk is full"),
        (errno.EDQUOT, "disk is full"),
        (errno.EACCES, "may not be written"),
        (errno.EROFS, "may not be written"),
        (errno.ENOENT, "cannot be opened"),
        (errno.EIO, "cannot be opened"),
    ],
)
def test_errors_of_the_file_system(number: int, sentence: str) -> None:
    with pytest.raises(StoreError, match=sentence), failures_mapped():
        raise OSError(number, "the system's words")


def _foreign_errors() -> Iterator[Exception]:
    """One of every error that SQLAlchemy and the SQLite driver have."""
    for kind in vars(sqlalchemy.exc).values():
        if not isinstance(kind, type) or not issubclass(kind, SQLAlchemyError):
            continue
        if issubclass(kind, DBAPIError):
            yield kind("SELECT 1", {}, sqlite3.OperationalError("the driver's words"))
        elif issubclass(kind, StatementError):
            yield kind("some words", "SELECT 1", {}, ValueError("a cause"))
        else:
            error = kind.__new__(kind)
            Exception.__init__(error, "some words")
            yield error
    for name in ("InterfaceError", "OperationalError", "DataError", "NotSupportedError"):
        yield getattr(sqlite3, name)("the driver's words")
    yield UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed")
    yield OverflowError("int too large")


@pytest.mark.parametrize("foreign", list(_foreign_errors()), ids=lambda error: type(error).__name__)
def test_no_foreign_error_passes_unmapped(foreign: Exception) -> None:
    with pytest.raises(DuetError) as caught, failures_mapped():
        raise foreign
    assert caught.value.__cause__ is foreign
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("own", [NotFound("x"), InvalidRequest("y")])
def test_errors_of_duet_pass_unchanged(own: DuetError) -> None:
    with pytest.raises(type(own)) as caught, failures_mapped():
        raise own
    assert caught.value is own


def test_a_server_that_does_not_answer() -> None:
    if find_spec("psycopg") is None:
        pytest.skip("psycopg is not installed")
    with pytest.raises(StoreError, match="server did not answer"):
        Store.open("postgresql+psycopg://nobody@127.0.0.1:1/nothing")
