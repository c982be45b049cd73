"""What the next step says of votes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from assistant.next_step import next_step
from assistant.records import Answer, Assistant, Choice, Comparison, Example, Usage, Vote
from assistant.workspace import Workspace

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


@pytest.fixture
def voted(
    workspace: Workspace, kettle: Assistant, add_run: Callable[[Assistant], str]
) -> Callable[..., None]:
    """Stores blind votes of RAG, on the left, against the tuned model."""
    from assistant.comparison import Arena

    add_run(kettle)
    talk = Arena(workspace).start(kettle, "rag", "tuned", True)
    sides = [
        Answer("Text.", workspace.contender(kettle, kind), "ab" * 8, Usage(0.1, 9.0, 9, 9))
        for kind in ("rag", "tuned")
    ]

    def vote(choice: Choice, count: int) -> None:
        for _ in range(count):
            number = len(workspace.store.votes(kettle.id))
            when = NOON + timedelta(minutes=number)
            comparison = Comparison(
                *(f"m{number}", kettle.id, talk.id, "How much?", sides[0], sides[1], True, 1, when)
            )
            workspace.store.add_comparison(comparison)
            workspace.store.add_vote(Vote(comparison.id, "ann", choice, True, when))

    return vote


def test_from_the_first_vote_to_a_winner(
    workspace: Workspace, kettle: Assistant, voted: Callable[..., None]
) -> None:
    step = next_step(workspace, kettle)
    assert step.action == "vote" and "compare the tuned model with RAG" in step.sentence
    voted("tie", 2)
    step = next_step(workspace, kettle)
    assert "0 decisive blind votes so far do not tell RAG from the tuned model" in step.sentence
    voted("left", 7)
    step = next_step(workspace, kettle)
    assert step.sentence == "About 1 more decisive vote would settle RAG against the tuned model."
    voted("left", 1)
    step = next_step(workspace, kettle)
    assert (step.action, step.label) == ("results", "Results")
    assert step.sentence.startswith("The votes prefer RAG to the tuned model")


def test_stale_examples_are_looked_at_before_training(
    workspace: Workspace, kettle: Assistant
) -> None:
    from assistant.comparison import Arena

    Arena(workspace).start(kettle, "rag", "base", True)
    kept = Example("e", "How big?", "1.85 litres.", "generated", "train", section="f" * 64)
    workspace.store.add_examples(kettle.id, [kept])
    step = next_step(workspace, kettle)
    assert step.sentence == "Documents changed: 1 example is stale."
    assert step.action == "write_examples"
    workspace.store.set_rejected(kettle.id, ["e"], True)
    assert "Write examples" in next_step(workspace, kettle).label
