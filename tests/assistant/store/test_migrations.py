"""Opening a database migrates it, once, whole or not at all, and never an unknown one."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, text

from assistant.errors import StoreError
from assistant.records import Vote
from assistant.store import Store
from assistant.store.database import Database
from assistant.store.migrating import MIGRATIONS
from assistant.store.schema import metadata

_NEXT = '''
"""Made by a test."""

from alembic import op

revision = "{next}"
down_revision = "{newest}"


def upgrade() -> None:
    {body}
'''


@pytest.fixture
def newer(tmp_path: Path) -> Callable[[str], Path]:
    """The folder of scripts with one more in it, that does what it is told."""

    def make(body: str) -> Path:
        folder = tmp_path / "migrations"
        shutil.copytree(MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
        newest = max(path.name[1:5] for path in (folder / "versions").glob("v*.py"))
        script = folder / "versions" / f"v{int(newest) + 1:04}_next.py"
        script.write_text(_NEXT.format(body=body, newest=newest, next=f"{int(newest) + 1:04}"))
        return folder

    return make


def _schema(url: str) -> dict[str, list[str]]:
    """The clauses that made each table and index of a SQLite file, in one order."""
    engine = create_engine(url)
    with engine.connect() as connection:
        found = connection.execute(
            text("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND type <> 'trigger'")
        )
        made = {row.name: _clauses(row.sql) for row in found}
    engine.dispose()
    made.pop("alembic_version", None)
    return made


def _clauses(sql: str) -> list[str]:
    """What stands between the outer parentheses, in one order: SQLite appends an added column."""
    head, _, rest = " ".join(sql.replace('"', "").split()).partition("(")
    inner = rest.rpartition(")")[0]
    return [head, *sorted(part.strip() for part in re.split(r",(?![^()]*\))", inner))]


def test_migrating_makes_what_the_tables_say(empty_url: str) -> None:
    Store.open(empty_url).close()
    engine = create_engine(empty_url)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_constraints_are_the_same_to_the_letter(tmp_path: Path) -> None:
    migrated, created = (f"sqlite:///{tmp_path / name}" for name in ("one.db", "two.db"))
    Store.open(migrated).close()
    engine = create_engine(created)
    metadata.create_all(engine)
    engine.dispose()
    assert _schema(migrated) == _schema(created)
    assert any("CHECK (comparison_votable)" in clause for clause in _schema(created)["votes"])


def test_scripts_form_one_line_in_the_order_of_their_names() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    script = ScriptDirectory.from_config(config)
    assert len(script.get_heads()) == 1
    line = [revision.revision for revision in script.walk_revisions()][::-1]
    named = sorted(path.name[1:5] for path in (MIGRATIONS / "versions").glob("v*.py"))
    assert line == named


def test_a_second_opening_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "duet.db"
    Store.open(f"sqlite:///{path}").close()
    before = path.read_bytes()
    Store.open(f"sqlite:///{path}").close()
    assert path.read_bytes() == before


def test_sqlite_is_in_wal_mode_and_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "er" / "duet.db"
    with Store.open(f"sqlite:///{path}"):
        engine = create_engine(f"sqlite:///{path}")
        with engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
        engine.dispose()
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_store_holds_foreign_keys(store_url: str) -> None:
    database = Database(store_url)
    with database.read() as connection:
        if connection.dialect.name == "sqlite":
            assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar_one() == 1
    database.close()


def test_a_database_of_a_newer_duet_is_left_alone(
    store_url: str, newer: Callable[[str], Path]
) -> None:
    Database(store_url, migrations=newer('op.execute("CREATE TABLE later (id INTEGER)")')).close()
    with pytest.raises(StoreError, match="newer version of Duet"):
        Store.open(store_url)


def test_a_migration_that_fails_leaves_nothing(
    store_url: str, newer: Callable[[str], Path]
) -> None:
    broken = newer('op.execute("CREATE TABLE half (id INTEGER)"); op.execute("NONSENSE")')
    with pytest.raises(StoreError):
        Database(store_url, migrations=broken)
    engine = create_engine(store_url)
    with engine.connect() as connection:
        assert "half" not in inspect(connection).get_table_names()
    engine.dispose()
    Store.open(store_url).close()


def test_a_table_can_be_made_anew_without_losing_votes(
    asked: Store, store_url: str, vote: Callable[..., Vote], newer: Callable[[str], Path]
) -> None:
    asked.add_vote(vote())
    # SQLite cannot alter a column: Alembic copies the rows, drops the table and renames the copy
    body = """with op.batch_alter_table("comparisons") as table:
        table.alter_column("question", nullable=True)"""
    Database(store_url, migrations=newer(body)).close()
    assert [counted.vote for counted in asked.votes("a1")] == [vote()]


def test_a_migration_that_breaks_references_is_refused(
    asked: Store, store_url: str, vote: Callable[..., Vote], newer: Callable[[str], Path]
) -> None:
    if not store_url.startswith("sqlite"):
        pytest.skip("other databases keep foreign keys while they are migrated")
    asked.add_vote(vote())
    with pytest.raises(StoreError, match="would refer to nothing"):
        Database(store_url, migrations=newer('op.execute("DELETE FROM contenders")'))
    assert [counted.vote for counted in asked.votes("a1")] == [vote()]


def test_threads_may_open_a_new_database_together(empty_url: str) -> None:
    with ThreadPoolExecutor(8) as threads:
        stores = list(threads.map(Store.open, [empty_url] * 8))
    secrets = {store.secret() for store in stores}
    for store in stores:
        store.close()
    assert len(secrets) == 1


_OPEN = """
import sys
from assistant.store import Store
print("ready", flush=True)
sys.stdin.readline()
with Store.open(sys.argv[1]) as store:
    print(store.secret().hex())
"""


def test_processes_may_open_a_new_database_together(empty_url: str) -> None:
    command = [sys.executable, "-c", _OPEN, empty_url]
    running = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    for process in running:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
    for process in running:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    secrets = {process.communicate(timeout=60)[0] for process in running}
    assert [process.returncode for process in running] == [0, 0, 0]
    assert len(secrets) == 1
