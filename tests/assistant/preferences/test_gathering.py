"""What the store has, through the arena itself: a vote counts, a test question never trains."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from assistant.comparison import Arena, Compared, Replied
from assistant.preferences.careless import careless_voters
from assistant.preferences.gathering import votes_that_train
from assistant.ratings.judgements import judgements_from
from assistant.records import (
    Assistant,
    Choice,
    Comparison,
    Contender,
    Decoding,
    Example,
    Judgement,
)
from assistant.workspace import Workspace

TANK = "How many litres does the tank of the Kestrel hold?"


def compared(arena: Arena, assistant: Assistant, question: str) -> Comparison:
    conversation = arena.start(assistant, "rag", "tuned", blind=True)
    events = list(arena.compare(conversation.id, question, "ann", threading.Event()))
    assert isinstance(events[-1], Compared), events
    return events[-1].comparison


def preferring(one: Comparison, kind: str) -> Choice:
    return "left" if one.left.contender.kind == kind else "right"


def test_votes_of_the_store_train(
    workspace: Workspace, kettle: Assistant, add_run: Callable[[Assistant], str]
) -> None:
    add_run(kettle)
    arena = Arena(workspace)
    made = [compared(arena, kettle, question) for question in (TANK, "What is its whistle like?")]
    for one in made:
        arena.vote(one.id, "ann", preferring(one, "rag"))
    found = votes_that_train(workspace.store, kettle, "dpo")
    (first, *_) = found.pairs
    assert (first.chosen_by, first.rejected_by) == ("rag", "tuned")
    assert first.chosen == "The tank of the Kestrel holds 1.85 litres."
    before = found.used

    arena.vote(made[0].id, "ann", "tie")  # after the names: open
    assert votes_that_train(workspace.store, kettle, "dpo").left_out["open"] == 1
    test = Example("t", f"{TANK[:-1]}?", "1.85 litres", "written", "recall")
    workspace.store.add_examples(kettle.id, [test])
    found = votes_that_train(workspace.store, kettle, "dpo")
    assert (found.left_out["test"], found.used) == (1, before - 1)
    workspace.store.delete_conversation(made[1].conversation_id)
    assert votes_that_train(workspace.store, kettle, "dpo").left_out["deleted"] == 1


def test_thumbs_of_the_store_train(workspace: Workspace, kettle: Assistant) -> None:
    arena = Arena(workspace)
    conversation = arena.start(kettle, "rag", None, blind=False)
    *_, last = arena.ask(conversation.id, TANK, threading.Event())
    assert isinstance(last, Replied)
    arena.thumb(last.reply.id, "ann", True)
    found = votes_that_train(workspace.store, kettle, "kto")
    assert [(one.good, one.given_by) for one in found.judged] == [(True, "rag")]


def judged(voter: str, choice: Choice, name: str, **changes: Any) -> Judgement:
    time = datetime(2026, 3, 4, 12, tzinfo=UTC).isoformat()
    plain = Judgement(
        *(name, voter, True, choice, time, {}, name, "x", "y", 9, 9, 1.0, 1.0, None, None)
    )
    return plain._replace(**changes)


def test_who_always_presses_the_same_side_or_contradicts_himself_is_careless() -> None:
    known = {
        name: Contender("tuned", "a1", "builtin", name, None, None, None, "p", Decoding())
        for name in "xy"
    }
    votes = [judged("lefty", "left", f"c{n}") for n in range(8)]
    votes += [judged("some", "left", f"c{n}") for n in range(7)]
    for n in range(6):
        side: Choice = "left" if n % 2 else "right"
        votes += [
            judged("torn", side, "Q", time=f"2026-03-04T13:{n}0:00+00:00"),
            judged("torn", side, "Q", left="y", right="x", time=f"2026-03-04T13:{n}1:00+00:00"),
        ]
    assert careless_voters(judgements_from(votes, known)) == {"lefty", "torn"}
    opened = [one._replace(blind=False) for one in votes]
    assert careless_voters(judgements_from(opened, known)) == frozenset()
