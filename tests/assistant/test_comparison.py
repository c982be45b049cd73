from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from assistant.comparison import Arena, Compared, Replied, SideFailed, SideText
from assistant.errors import GenerationError, InvalidRequest, NotFound, VoteRefused
from assistant.generation import GenerationRequest, ScriptedBackend
from assistant.records import Assistant, Comparison, Conversation
from assistant.workspace import Workspace

TANK = "How many litres does the tank of the Kestrel hold?"


@pytest.fixture
def arena(workspace: Workspace) -> Arena:
    return Arena(workspace)


def blind_conversation(arena: Arena, assistant: Assistant) -> Conversation:
    return arena.start(assistant, "rag", "base", blind=True)


def compared(
    arena: Arena, conversation: Conversation, question: str = TANK, voter: str = "anna"
) -> Comparison:
    events = list(arena.compare(conversation.id, question, voter, threading.Event()))
    assert isinstance(events[-1], Compared), events
    return events[-1].comparison


def test_both_sides_are_stored_before_a_vote(arena: Arena, kettle: Assistant) -> None:
    comparison = compared(arena, arena.start(kettle, "rag", "base", blind=False))
    assert (comparison.left.contender.kind, comparison.right.contender.kind) == ("rag", "base")
    assert arena._store.comparison(comparison.id) == comparison


def test_blind_panes_begin_together(arena: Arena, kettle: Assistant) -> None:
    conversation = blind_conversation(arena, kettle)
    events = list(arena.compare(conversation.id, TANK, "anna", threading.Event()))
    texts = [event for event in events if isinstance(event, SideText)]
    assert {texts[0].side, texts[1].side} == {"left", "right"}


def test_sides_are_drawn_at_random_and_the_draw_is_recorded(
    arena: Arena, kettle: Assistant
) -> None:
    drawn = [compared(arena, blind_conversation(arena, kettle)) for _ in range(24)]
    assert {comparison.left.contender.kind for comparison in drawn} == {"rag", "base"}
    assert len({comparison.seed for comparison in drawn}) > 1


def test_sides_stay_until_the_names_are_shown(arena: Arena, kettle: Assistant) -> None:
    conversation = blind_conversation(arena, kettle)
    first = compared(arena, conversation)
    for _ in range(8):
        again = compared(arena, conversation)
        assert again.left.contender.kind == first.left.contender.kind
    seeds = set()
    for _ in range(6):
        last = compared(arena, conversation)
        arena.vote(last.id, "anna", "tie")
        seeds.add(last.seed)
    assert len(seeds) > 1


def test_each_contender_goes_on_with_its_own_answers(
    arena: Arena, kettle: Assistant, backend: ScriptedBackend
) -> None:
    conversation = blind_conversation(arena, kettle)
    arena.vote(compared(arena, conversation).id, "anna", "tie")
    compared(arena, conversation, "How many litres does the tank hold, again?")
    for request in backend.requests[-2:]:
        earlier = [m.content for m in request.messages if m.role == "assistant"]
        own = "1.85 litres" if "Passages" in request.messages[-1].content else "2 litres"
        assert len(earlier) == 1 and own in earlier[0]


def test_names_are_shown_after_the_vote_alone(arena: Arena, kettle: Assistant) -> None:
    comparison = compared(arena, blind_conversation(arena, kettle))
    assert not arena.revealed(comparison, "anna")
    arena.vote(comparison.id, "anna", "left")
    assert arena.revealed(comparison, "anna")
    assert not arena.revealed(comparison, "bert")


def test_a_blind_vote_is_final_and_a_later_one_counts_as_open(
    arena: Arena, workspace: Workspace, kettle: Assistant
) -> None:
    comparison = compared(arena, blind_conversation(arena, kettle))
    assert arena.vote(comparison.id, "anna", "left").blind
    assert not arena.vote(comparison.id, "anna", "right").blind
    counted = workspace.store.votes(kettle.id)
    assert {(one.vote.choice, one.vote.blind) for one in counted} == {
        ("left", True),
        ("right", False),
    }


def test_a_failing_side_is_no_answer_and_takes_no_vote(
    arena: Arena, workspace: Workspace, kettle: Assistant, backend: ScriptedBackend
) -> None:
    def fail(request: GenerationRequest) -> str:
        raise GenerationError("The model ran out of memory: close something and ask again.")

    backend._reply = fail
    conversation = blind_conversation(arena, kettle)
    events = list(arena.compare(conversation.id, TANK, "anna", threading.Event()))
    failed = [event for event in events if isinstance(event, SideFailed)]
    assert "out of memory" in failed[0].reason
    assert not any(isinstance(event, Compared) for event in events)
    assert workspace.store.comparisons(conversation.id) == []


def test_a_stopped_side_is_kept_but_not_voted_on(
    arena: Arena, workspace: Workspace, kettle: Assistant
) -> None:
    conversation = arena.start(kettle, "rag", "base", blind=False)
    cancelled = threading.Event()
    events = []
    for event in arena.compare(conversation.id, TANK, "anna", cancelled):
        events.append(event)
        if isinstance(event, SideText):
            cancelled.set()
    assert isinstance(events[-1], Compared)
    comparison = events[-1].comparison
    assert comparison.left.stopped or comparison.right.stopped
    with pytest.raises(VoteRefused):
        arena.vote(comparison.id, "anna", "left")
    assert workspace.store.votes(kettle.id) == []


def test_a_forged_comparison_changes_nothing(arena: Arena, kettle: Assistant) -> None:
    with pytest.raises(NotFound):
        arena.vote("00000000-0000-0000-0000-000000000000", "anna", "left")


def test_a_contender_is_not_compared_with_itself(arena: Arena, kettle: Assistant) -> None:
    with pytest.raises(InvalidRequest):
        arena.start(kettle, "rag", "rag", blind=True)


def test_a_contender_that_cannot_answer_yet_says_why(arena: Arena, kettle: Assistant) -> None:
    with pytest.raises(InvalidRequest, match="no tuned model yet"):
        arena.start(kettle, "rag", "tuned", blind=True)


def test_an_empty_question_is_refused(arena: Arena, kettle: Assistant) -> None:
    conversation = blind_conversation(arena, kettle)
    with pytest.raises(InvalidRequest):
        list(arena.compare(conversation.id, "  ", "anna", threading.Event()))


def test_one_pane_replies_and_takes_a_thumb(
    arena: Arena, workspace: Workspace, kettle: Assistant
) -> None:
    conversation = arena.start(kettle, "rag", None, blind=False)
    events = list(arena.ask(conversation.id, TANK, threading.Event()))
    assert isinstance(events[-1], Replied)
    reply = events[-1].reply
    assert workspace.store.replies(conversation.id) == [reply]
    arena.thumb(reply.id, "anna", True)
    (thumb,) = workspace.store.thumbs(kettle.id)
    assert thumb.up


def test_a_corrected_answer_becomes_an_example(
    arena: Arena, workspace: Workspace, kettle: Assistant
) -> None:
    comparison = compared(arena, blind_conversation(arena, kettle))
    example = arena.save_example(comparison.id, " It holds 1.85 litres. ")
    assert (example.question, example.answer, example.source) == (
        TANK,
        "It holds 1.85 litres.",
        "vote",
    )
    assert workspace.store.examples(kettle.id) == [example]
    with pytest.raises(InvalidRequest):
        arena.save_example(comparison.id, " ")


def test_two_runs_of_one_kind_are_put_against_each_other(
    arena: Arena,
    workspace: Workspace,
    kettle: Assistant,
    add_run: Callable[[Assistant], str],
    backend: ScriptedBackend,
) -> None:
    """Each goes on with its own answers, and the votes name the versions."""
    old, new = add_run(kettle), add_run(kettle)

    def said(request: GenerationRequest) -> str:
        assert isinstance(request.adapter, Path)
        return f"I am {request.adapter.parent.name}."

    backend._reply = said
    conversation = arena.start(kettle, "tuned", "tuned", True, right_run=old)
    assert workspace.store.conversation(conversation.id) == conversation
    drawn = set()
    for number in range(12):
        one = compared(arena, conversation, f"Which of the kettles is number {number}?")
        runs = {side.contender.run_id: side.text for side in (one.left, one.right)}
        assert runs == {old: f"I am {old}.", new: f"I am {new}."}
        for request in backend.requests[-2:]:
            earlier = {m.content for m in request.messages if m.role == "assistant"}
            assert request.adapter is not None
            assert earlier <= {f"I am {request.adapter.parent.name}."}
        arena.vote(one.id, "anna", "left" if one.left.contender.run_id == new else "right")
        drawn.add(one.left.contender.run_id)
    assert drawn == {old, new}
    tally = workspace.tallies(kettle).blind
    (pair,) = tally.version_pairs
    assert pair.score.n == 12 and {pair.score.wins, pair.score.losses} == {0, 12}
    assert tally.pairs == ()  # says nothing of the kind


def test_a_version_is_not_put_against_itself(
    arena: Arena, kettle: Assistant, add_run: Callable[[Assistant], str]
) -> None:
    latest = add_run(kettle)
    with pytest.raises(InvalidRequest, match="same version"):
        arena.start(kettle, "tuned", "tuned", True, right_run=latest)
    with pytest.raises(NotFound):
        arena.start(kettle, "tuned", "tuned", True, right_run="gone")
