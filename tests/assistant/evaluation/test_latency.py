"""The pass that measures how long a person waits, and how much memory that takes."""

from __future__ import annotations

import threading

from assistant.evaluation.latency import measure_latency
from assistant.local_model.placement import held_gib
from assistant.records import Assistant
from assistant.workspace import Workspace
from retrieval.questions import Question

QUESTIONS = tuple(Question(str(n), f"How much is {n}?", ("1.85",)) for n in range(6))


def test_memory_is_the_most_held_meanwhile(workspace: Workspace, kettle: Assistant) -> None:
    held = iter([1.0, 3.5, 2.0, 1.0, 1.5, 1.25])
    contenders = [workspace.contender(kettle, "base"), workspace.contender(kettle, "rag")]
    found = measure_latency(
        workspace.responder(kettle),
        contenders,
        QUESTIONS,
        2,
        lambda _: None,
        threading.Event(),
        memory=lambda: next(held),
    )
    assert [found[one.id].memory_gib for one in contenders] == [3.5, 1.5]
    assert all(one.n == 2 and one.whole_p95 >= one.whole >= 0 for one in found.values())


def test_nothing_is_measured_for_no_questions(workspace: Workspace, kettle: Assistant) -> None:
    contenders = [workspace.contender(kettle, "base")]
    responder = workspace.responder(kettle)
    stop = threading.Event()
    assert measure_latency(responder, contenders, QUESTIONS, 0, lambda _: None, stop) == {}


def test_this_process_holds_memory() -> None:
    before = held_gib()
    block = b"x" * 2**27
    assert held_gib() - before > 0.1 and len(block) == 2**27
