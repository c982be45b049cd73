"""What the results tab shows is read before it is opened, once a server was started."""

from __future__ import annotations

import threading

import pytest

from assistant.records import Assistant
from assistant.ui.preparation import Preparation
from assistant.workspace import Workspace


def waited() -> None:
    """Until the threads of the preparation are done, and those that they began."""
    while going := [one for one in threading.enumerate() if one.name.startswith("duet-")]:
        for thread in going:
            thread.join(60)


def test_the_votes_are_read_behind_the_page(
    workspace: Workspace, kettle: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, str]] = []
    state = workspace.store.judgement_state

    def noted(assistant_id: str) -> tuple[int, str]:
        asked.append((assistant_id, threading.current_thread().name))
        return state(assistant_id)

    monkeypatch.setattr(workspace.store, "judgement_state", noted)
    monkeypatch.setattr("assistant.ui.preparation.sample_wanted", lambda workspace: False)
    preparation = Preparation(workspace)
    preparation.read_results(kettle)
    waited()
    assert asked == []
    preparation.start()
    waited()
    assert asked.count((kettle.id, "duet-results")) == 1
    preparation.read_results(kettle)
    waited()
    assert asked.count((kettle.id, "duet-results")) == 2
