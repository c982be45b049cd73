"""The settings drawer, and that its list of variables is whole."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.settings import VARIABLES, without_password
from assistant.ui.settings import leaving, places, services, settings_drawer
from assistant.workspace import Workspace

ROOT = Path(__file__).resolve().parents[3]


def test_every_variable_that_is_read_is_listed_in_the_drawer_and_in_the_docs() -> None:
    read = set()
    for folder in ("assistant", "retrieval"):
        for path in (ROOT / folder).rglob("*.py"):
            read |= set(re.findall(r"environ\W+(?:get\W+)?(DUET_\w+)", path.read_text("utf-8")))
    listed = {one.name for one in VARIABLES}
    assert "DUET_HOME" in read and read == listed
    documented = set(re.findall(r"\| `(DUET_\w+)`", (ROOT / "docs/settings.md").read_text("utf-8")))
    assert documented == listed


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (
            "postgresql+psycopg://duet:s3cret@db:5432/duet",
            "postgresql+psycopg://duet:***@db:5432/duet",
        ),
        ("postgresql://db/duet?user=a&password=s3cret", "postgresql://db/duet?user=a&password=***"),
        ("https://a:s3@cret@milvus:19530", "https://a:***@milvus:19530"),
        ("sqlite:////home/a/duet.db", "sqlite:////home/a/duet.db"),
    ],
)
def test_a_password_is_hidden(url: str, shown: str) -> None:
    assert without_password(url) == shown


def test_the_drawer_says_where_things_are_and_hides_secrets(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DUET_JUDGE_KEY", "sk-s3cret")
    monkeypatch.setenv("DUET_JUDGE_URL", "https://u:s3cret@judge/<b>")
    html = settings_drawer(workspace)
    assert "s3cret" not in html and "set, hidden" in html and "<b>" not in html
    for part in (str(workspace.settings.home), "FAISS", "Free space", "Python", "are sent to"):
        assert part in html


def test_servers_are_named_with_what_is_sent_to_them(workspace: Workspace) -> None:
    values = {one.name: "" for one in VARIABLES}
    assert services(workspace.settings, values)[0].name == "None"
    assert leaving(workspace.settings, values).startswith("Nothing, except")
    away = replace(
        workspace.settings,
        vector_index="https://milvus:19530",
        database_url="postgresql://a:s3cret@db/duet",
    )
    assert [fact.name for fact in services(away, values)] == ["Milvus", "Database"]
    assert "Milvus server" in leaving(away, values) and "s3cret" not in str(places(away))
