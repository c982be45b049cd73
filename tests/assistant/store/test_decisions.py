"""Decisions come back as they were given, oldest first, and go with their assistant."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from assistant.errors import Conflict, NotFound
from assistant.records import Assistant, Decision
from assistant.store import Store


@pytest.fixture
def decision(noon: datetime) -> Decision:
    return Decision("d1", "a1", "tuned+rag", "run-1", "likely", "Use both.", "as agreed", noon)


def test_decisions_come_back_oldest_first(
    store: Store, assistant: Assistant, decision: Decision
) -> None:
    store.add_assistant(assistant)
    earlier = replace(
        decision, id="d0", kind="rag", run_id=None, created_at=decision.created_at - timedelta(1)
    )
    store.add_decision(decision)
    store.add_decision(earlier)
    assert store.decisions("a1") == [earlier, decision]


def test_a_decision_needs_its_assistant_and_an_id_of_its_own(
    store: Store, assistant: Assistant, decision: Decision
) -> None:
    with pytest.raises(NotFound):
        store.add_decision(decision)
    store.add_assistant(assistant)
    store.add_decision(decision)
    with pytest.raises(Conflict):
        store.add_decision(replace(decision, kind="rag"))
    assert store.decisions("a1") == [decision]


def test_decisions_go_with_their_assistant(
    store: Store, assistant: Assistant, decision: Decision
) -> None:
    store.add_assistant(assistant)
    store.add_decision(decision)
    store.delete_assistant("a1")
    assert store.decisions("a1") == []
