from __future__ import annotations

import threading
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from assistant.comparison import Arena, Compared, Replied
from assistant.errors import InvalidRequest, NotFound, VoteRefused
from assistant.monitoring import one_tap
from assistant.monitoring.one_tap import TAP_QUESTIONS, is_asked_about, take_impression
from assistant.monitoring.watch import watched
from assistant.records import Assistant, Comparison, ContenderKind, Reply
from assistant.workspace import Workspace

ANN, BOB = "5" * 32, "6" * 32


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(one_tap, "ASKED_EVERY", 1)


@pytest.fixture
def arena(workspace: Workspace) -> Arena:
    return Arena(workspace)


@pytest.fixture
def compared(arena: Arena, kettle: Assistant) -> Comparison:
    talk = arena.start(kettle, "rag", "base", True)
    events = arena.compare(talk.id, "How big is the tank?", ANN, threading.Event())
    return next(event.comparison for event in events if isinstance(event, Compared))


@pytest.fixture
def replied(arena: Arena, kettle: Assistant) -> Reply:
    talk = arena.start(kettle, "base", None, False)
    events = arena.ask(talk.id, "How big is the tank?", threading.Event())
    return next(event.reply for event in events if isinstance(event, Replied))


def test_about_every_third_answer_is_asked_about_and_always_the_same(replied: Reply) -> None:
    turns = [str(uuid.UUID(int=number)) for number in range(3_000)]
    asked = [is_asked_about(turn, "left", replied.answer) for turn in turns]
    assert asked == [is_asked_about(turn, "left", replied.answer) for turn in turns]
    assert asked != [is_asked_about(turn, "right", replied.answer) for turn in turns]
    assert sum(asked) == pytest.approx(1_000, abs=100)


def test_an_answer_that_was_stopped_is_not_asked_about(always: None, replied: Reply) -> None:
    cut = replace(replied.answer, stopped=True)
    assert is_asked_about("m1", "left", replied.answer) and not is_asked_about("m1", "left", cut)


def test_what_is_answered_stands_until_it_is_changed(
    always: None, workspace: Workspace, arena: Arena, replied: Reply
) -> None:
    store = workspace.store
    steps = [("useful", "yes"), ("right", "unsure"), ("right", "no"), ("useful", "no")]
    stands: dict[str, str | None] = {"useful": None, "right": None}
    for question, said in steps:
        take_impression(store, arena, replied.id, "left", ANN, question, said)
        stands[question] = said
        (given,) = store.impressions([replied.id], ANN)
        assert {one.name: one.said(given) for one in TAP_QUESTIONS} == stands
    assert store.impressions([replied.id], BOB) == []


def test_it_is_counted_where_use_is_shown(
    always: None, workspace: Workspace, arena: Arena, kettle: Assistant, compared: Comparison
) -> None:
    for voter, said in ((ANN, "yes"), (BOB, "no")):
        arena.vote(compared.id, voter, "tie")
        for question in ("useful", "right"):
            take_impression(workspace.store, arena, compared.id, "left", voter, question, said)
    take_impression(workspace.store, arena, compared.id, "right", BOB, "right", "unsure")
    total = watched(workspace, kettle, 1).total
    assert (total.useful.count, total.useful.n) == (1, 2)
    assert (total.right.count, total.right.n) == (1, 2), "not knowing is neither right nor wrong"


def test_a_blind_side_is_refused_until_this_voter_has_voted(
    always: None, workspace: Workspace, arena: Arena, kettle: Assistant, compared: Comparison
) -> None:
    arena.vote(compared.id, BOB, "left")
    with pytest.raises(VoteRefused, match="Vote first"):
        take_impression(workspace.store, arena, compared.id, "left", ANN, "useful", "yes")
    assert not workspace.store.use(kettle.id, datetime.now(UTC) - timedelta(1)).impressions


@pytest.mark.parametrize(
    ("turn", "side", "question", "said"),
    [
        ("made-up", "left", "useful", "yes"),
        ("", "left", "useful", "yes"),
        ("own", "right", "useful", "yes"),
        ("own", "", "useful", "yes"),
        ("own", "left", "helpful", "yes"),
        ("own", "left", "useful", "unsure"),
        ("own", "left", "right", ""),
    ],
)
def test_what_was_not_asked_is_refused(
    always: None,
    workspace: Workspace,
    arena: Arena,
    kettle: Assistant,
    replied: Reply,
    turn: str,
    side: str,
    question: str,
    said: str,
) -> None:
    about = replied.id if turn == "own" else turn
    with pytest.raises((NotFound, InvalidRequest)):
        take_impression(workspace.store, arena, about, side, ANN, question, said)
    assert not workspace.store.use(kettle.id, datetime.now(UTC) - timedelta(1)).impressions


def test_an_answer_that_is_not_asked_about_takes_none(
    monkeypatch: pytest.MonkeyPatch, workspace: Workspace, arena: Arena, replied: Reply
) -> None:
    monkeypatch.setattr(one_tap, "is_asked_about", lambda *about: False)
    with pytest.raises(InvalidRequest, match="not asked about"):
        take_impression(workspace.store, arena, replied.id, "left", ANN, "useful", "yes")
    assert workspace.store.impressions([replied.id], ANN) == []


@pytest.mark.parametrize("kind", ["base", "rag"])
def test_the_contender_is_read_from_the_answer(
    always: None,
    workspace: Workspace,
    arena: Arena,
    compared: Comparison,
    kind: ContenderKind,
) -> None:
    arena.vote(compared.id, ANN, "tie")
    side = "left" if compared.left.contender.kind == kind else "right"
    take_impression(workspace.store, arena, compared.id, side, ANN, "useful", "yes")
    (given,) = workspace.store.impressions([compared.id], ANN)
    answer = compared.left if side == "left" else compared.right
    assert given.contender_id == answer.contender.id and answer.contender.kind == kind
