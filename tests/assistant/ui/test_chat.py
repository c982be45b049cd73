from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from assistant.errors import GenerationError, InvalidRequest, NotFound
from assistant.generation import GenerationRequest, ScriptedBackend
from assistant.records import Assistant
from assistant.ui.chat import Chat
from assistant.ui.chat_views import ChatView, Picked
from assistant.ui.judging import marks_of
from assistant.ui.services import Services
from assistant.workspace import Progress, Workspace

Ask = Callable[..., list[ChatView]]
QUESTION = "How much does the tank of the Kestrel hold?"


def test_both_sides_are_shown_and_may_be_voted_on(ask: Ask) -> None:
    views = ask(QUESTION)
    first, last = views[0], views[-1]
    assert first.busy and QUESTION in first.turn
    assert not last.busy and last.votable and last.answered and last.conversation
    assert "1.85" in last.turn and "2 litres" in last.turn


def test_a_blind_turn_tells_nothing_until_the_vote(ask: Ask, chat: Chat, voter: str) -> None:
    views = ask(QUESTION)
    for view in views:
        for told in (">RAG<", ">Base model<", "manual.md", "first word", "weights"):
            assert told not in view.turn
    last = views[-1]
    chat.judging.vote(last.answered, voter, "left", {}, "")
    picked = Picked("rag", "base", True)
    shown = chat.views.show("", last.conversation, voter, picked)
    for told in (">RAG<", ">Base model<", "manual.md", "first word", "weights"):
        assert told in shown.turn
    other = chat.views.show("", last.conversation, "6" * 32, picked)
    assert "manual.md" not in other.turn, "another voter's blind is not lifted"


def test_an_open_turn_has_its_names_from_the_start(ask: Ask) -> None:
    views = ask(QUESTION, picked=Picked("rag", "base", False))
    assert all(">RAG<" in view.turn for view in views[2:])


def test_the_outcome_says_who_was_who_and_where_they_stand(
    ask: Ask, chat: Chat, services: Services, voter: str
) -> None:
    last = ask(QUESTION)[-1]
    comparison = services.workspace.store.comparison(last.answered)
    choice = "left" if comparison.left.contender.kind == "rag" else "right"
    said = chat.judging.vote(last.answered, voter, choice, {}, "")
    assert "RAG 1 win" in said and "Base model 0 wins" in said


def test_a_second_vote_counts_as_open_and_leaves_the_first(
    ask: Ask, chat: Chat, services: Services, kettle: Assistant, voter: str
) -> None:
    last = ask(QUESTION)[-1]
    chat.judging.vote(last.answered, voter, "left", {}, "")
    chat.judging.vote(last.answered, voter, "left", {}, "")
    assert "Changed." in chat.judging.vote(last.answered, voter, "right", {}, "")
    kept = services.workspace.store.votes(kettle.id)
    assert [(one.vote.choice, one.vote.blind) for one in kept] == [("left", True), ("right", False)]


@pytest.mark.parametrize("answered", ["", "made-up", "../../etc/passwd"])
def test_a_vote_on_nothing_counts_nothing(
    ask: Ask, chat: Chat, services: Services, kettle: Assistant, voter: str, answered: str
) -> None:
    ask(QUESTION)
    with pytest.raises((InvalidRequest, NotFound)):
        chat.judging.vote(answered, voter, "left", {}, "")
    assert services.workspace.store.votes(kettle.id) == []


def test_marks_are_read_from_the_form() -> None:
    assert marks_of(["5", None, "", "1", None, 3, "9", "x"]) == {
        "left": {"relevance": 5, "creativity": 1},
        "right": {"accuracy": 3},
    }


def test_a_conversation_goes_on_and_is_called_by_its_first_question(
    ask: Ask, services: Services, kettle: Assistant
) -> None:
    first = ask(QUESTION)[-1]
    second = ask("And the whistle?", first.conversation)[-1]
    assert second.conversation == first.conversation
    assert QUESTION in second.history and "And the whistle?" in second.turn
    (talk,) = services.workspace.store.conversations(kettle.id)
    assert talk.title == QUESTION


def test_other_contenders_begin_another_conversation(ask: Ask) -> None:
    first = ask(QUESTION)[-1]
    second = ask(QUESTION, first.conversation, Picked("rag", "", True))[-1]
    assert second.conversation != first.conversation
    assert 'data-action="thumb"' in second.turn and not second.voting


def test_an_earlier_turn_can_be_voted_on(ask: Ask, chat: Chat, voter: str) -> None:
    first = ask(QUESTION)[-1]
    second = ask("And the whistle?", first.conversation)[-1]
    assert 'data-action="choose"' in second.history
    picked = Picked("rag", "base", True)
    view = chat.views.show("", first.conversation, voter, picked, first.answered)
    assert view.answered == first.answered and QUESTION in view.prompt


def test_a_failure_closes_the_vote_and_gives_the_question_back(
    ask: Ask, services: Services, kettle: Assistant, backend: ScriptedBackend
) -> None:
    def fail(request: GenerationRequest) -> str:
        raise GenerationError("The model ran out of memory.")

    backend._reply = fail
    last = ask(QUESTION)[-1]
    assert "The model ran out of memory." in last.turn
    assert last.returned == QUESTION and not last.votable and not last.busy and not last.answered
    assert services.workspace.store.comparisons(last.conversation) == []


def test_a_contender_that_cannot_answer_says_why(ask: Ask) -> None:
    last = ask(QUESTION, picked=Picked("tuned", "rag", True))[-1]
    assert "There is no tuned model yet" in last.turn and last.returned == QUESTION


def test_stop_keeps_what_was_said_and_closes_the_vote(
    chat: Chat, kettle: Assistant, backend: ScriptedBackend, voter: str
) -> None:
    backend._delay = 0.02
    picked = Picked("rag", "base", False)
    chat.begin("one", QUESTION, ChatView(), picked)
    views: list[ChatView] = []
    for _, view in chat.answer("one", QUESTION, kettle.id, "", picked, voter):
        views.append(view)
        if "tank" in view.turn.partition("sides")[2]:
            chat.stop("one")
    assert views[-1].voting and not views[-1].votable
    assert "cannot be voted on" in views[-1].prompt
    assert "Stopped before it was whole." in views[-1].turn


def test_a_second_browser_is_told_that_it_waits(chat: Chat) -> None:
    picked = Picked("rag", "base", True)
    chat.begin("one", QUESTION, ChatView(), picked)
    _, view = chat.begin("two", QUESTION, ChatView(), picked)
    assert "another question is being answered first" in view.turn


def test_a_second_press_asks_nothing(chat: Chat) -> None:
    picked = Picked("rag", "base", True)
    assert chat.begin("one", QUESTION, ChatView(), picked)[0] == QUESTION
    assert chat.begin("one", QUESTION, ChatView(), picked)[0] == ""
    assert chat.begin("two", "   ", ChatView(), picked)[0] == ""


def test_a_closed_page_ends_its_generation(
    chat: Chat, kettle: Assistant, voter: str, backend: ScriptedBackend
) -> None:
    picked = Picked("rag", "base", False)
    answering = chat.answer("one", QUESTION, kettle.id, "", picked, voter)
    for _ in range(3):
        next(answering)
    answering.close()
    pending, _ = chat.begin("one", QUESTION, ChatView(), picked)
    assert pending == QUESTION, "the browser may ask again"


def test_an_answer_that_was_left_is_stored_and_no_longer_shown(
    chat: Chat, services: Services, kettle: Assistant, voter: str
) -> None:
    picked = Picked("rag", "base", True)
    chat.begin("one", QUESTION, ChatView(), picked)
    views: list[ChatView | None] = []
    for _, view in chat.answer("one", QUESTION, kettle.id, "", picked, voter):
        views.append(view)
        if len(views) == 2:
            chat.leave("one")
            assert chat.begin("one", "Another?", ChatView(), picked)[0] == "Another?"
    assert views[1] is not None and set(views[2:]) == {None}
    (talk,) = services.workspace.store.conversations(kettle.id)
    (comparison,) = services.workspace.store.comparisons(talk.id)
    assert comparison.question == QUESTION and not comparison.left.stopped
    chat.stop("one")  # the second question is still this browser's own


def test_a_question_waits_for_the_model_and_says_how_far_it_is(
    workspace: Workspace, services: Services, kettle: Assistant, voter: str
) -> None:
    asked, loaded = threading.Event(), threading.Event()
    backend_for = workspace._backend_for

    def slow(name: str, progress: Progress) -> object:
        progress("Loading the model", 0.4)
        asked.set()
        assert loaded.wait(30)
        return backend_for(name, progress)

    workspace._backend_for = slow  # type: ignore[assignment]
    views: list[ChatView] = []
    chat = Chat(services)
    for _, view in chat.answer("one", QUESTION, kettle.id, "", Picked("base", "", True), voter):
        views.append(view)
        if asked.is_set() and "Loading the model, 40 %" in view.turn:
            loaded.set()
    assert any("Loading the model, 40 %" in view.turn for view in views)
    assert "2 litres" in views[-1].turn


def test_an_assistant_starts_with_whoever_can_answer(
    chat: Chat, kettle: Assistant, workspace: Workspace, add_run: Callable[[Assistant], str]
) -> None:
    bare = workspace.create("Bare", "Nothing yet")
    assert chat.views.default_picked(bare.id) == Picked("base", "", True)
    assert chat.views.default_picked(kettle.id) == Picked("rag", "", True)
    add_run(kettle)
    assert chat.views.default_picked(kettle.id) == Picked("rag", "tuned", True)


def test_a_right_answer_is_saved_as_an_example(
    ask: Ask, chat: Chat, services: Services, kettle: Assistant
) -> None:
    last = ask(QUESTION)[-1]
    assert "Saved as an example" in chat.judging.save_example(last.answered, "1.85 litres.")
    (example,) = services.workspace.store.examples(kettle.id)
    assert (example.question, example.answer) == (QUESTION, "1.85 litres.")


def test_an_earlier_run_is_offered_and_named_after_the_vote(
    chat: Chat, kettle: Assistant, ask: Ask, add_run: Callable[[Assistant], str], voter: str
) -> None:
    old, new = add_run(kettle), add_run(kettle)
    assert [run.id for run in chat.views.earlier_runs(kettle.id)] == [old]
    picked = Picked("tuned", f"tuned:{old}", True)
    shown = ask(QUESTION, picked=picked)[-1]
    assert shown.voting and shown.votable and old not in shown.turn and new not in shown.turn
    assert chat.views.picked_of(shown.conversation) == picked
    said = chat.judging.vote(shown.answered, voter, "left", {}, "")
    assert f"Tuned (run {old})" in said and f"Tuned (run {new})" in said
    view = chat.views.show(kettle.id, shown.conversation, voter, picked)
    assert f"Tuned (run {old})" in view.turn and f"Tuned (run {new})" in view.turn
