"""The line of versions: in the order of time, with what comes next at its end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from assistant.evaluation.records import Evaluation
from assistant.records import Assistant, Decision
from assistant.verdict.lifecycle import lifecycle
from assistant.verdict.recommendation import Step
from assistant.workspace import Workspace
from retrieval.documents import Document

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
NEXT = Step("Ask and vote.", "vote")


def document(name: str, day: int, version: int = 1) -> Document:
    added = NOON + timedelta(days=day)
    return Document(name, name, "0" * 64, version, 9, None, 2, 9, (), added)


def test_stages_stand_in_the_order_of_time_and_the_next_step_last(
    workspace: Workspace, kettle: Assistant, add_run: Callable[[Assistant], str]
) -> None:
    add_run(kettle)
    (run,) = workspace.runs(kettle).list()
    run = replace(run, created_at=NOON + timedelta(days=2))
    evaluation = Evaluation(
        "e", kettle.id, "recall", "0" * 64, 72, (), NOON + timedelta(days=3), NOON
    )
    going = replace(evaluation, id="f", finished_at=None)
    votes = [NOON + timedelta(days=days) for days in (1, 4, 4.5)]
    decision = Decision("d", kettle.id, "rag", None, "likely", "", "", NOON + timedelta(days=5))
    stages = lifecycle(
        [document("a.md", 0), document("b.md", 0), document("c.md", 6, version=2)],
        [run],
        [evaluation, going],
        votes,
        [decision],
        NEXT,
    )
    assert [stage.kind for stage in stages] == [
        "data",
        "votes",
        "run",
        "evaluation",
        "votes",
        "decision",
        "data",
        "next",
    ]
    details = [stage.detail for stage in stages]
    assert details[0] == "2 documents of 2"
    assert details[1] == "1 blind vote" and details[4] == "2 blind votes"
    assert details[3] == "72 questions to "
    assert details[5] == "RAG was chosen; the evidence was likely."
    assert details[6] == "1 document of 3, 1 in a new version"
    assert details[7] == "Ask and vote."


def test_an_empty_assistant_has_only_a_next_step() -> None:
    assert [stage.kind for stage in lifecycle([], [], [], [], [], NEXT)] == ["next"]
