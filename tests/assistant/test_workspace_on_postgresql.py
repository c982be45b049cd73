"""A whole workspace on PostgreSQL: made, asked, voted on, and there again for the next process."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from assistant.comparison import Arena, Compared
from assistant.errors import NotFound
from assistant.generation import ScriptedBackend
from assistant.records import Assistant
from assistant.settings import Settings
from assistant.workspace import Workspace
from retrieval.embedder import HashingEmbedder


@pytest.fixture
def settings(tmp_path: Path, empty_postgresql: str) -> Settings:
    return Settings(tmp_path / "home", empty_postgresql)


def test_asked_and_voted_on(workspace: Workspace, settings: Settings, kettle: Assistant) -> None:
    arena = Arena(workspace)
    conversation = arena.start(kettle, "rag", "base", blind=True)
    question = "How many litres does the tank of the Kestrel hold?"
    *_, last = arena.compare(conversation.id, question, "anna", threading.Event())
    assert isinstance(last, Compared)
    arena.vote(last.comparison.id, "anna", "left", marks={"left": {"accuracy": 5}}, comment="yes")

    later = Workspace.open(
        settings,
        backend_for=lambda model, progress: ScriptedBackend(lambda request: ""),
        embedder_for=lambda name: HashingEmbedder(),
    )
    found = later.assistant("Kestrel")
    assert found == kettle
    assert later.store.comparison(last.comparison.id) == last.comparison
    (voted,) = later.store.votes(found.id)
    assert (voted.vote.choice, voted.vote.voter, voted.vote.comment) == ("left", "anna", "yes")
    assert later.tallies(found) == workspace.tallies(kettle)
    later.delete(found)
    with pytest.raises(NotFound):
        later.assistant("Kestrel")
    later.close()
