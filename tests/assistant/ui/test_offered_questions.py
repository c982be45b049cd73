"""A question offered from the errors is asked blind of its own pair, and then offered no more."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import gradio as gr
import pytest

from assistant.errors import InvalidRequest
from assistant.generation import ScriptedBackend
from assistant.records import Assistant
from assistant.review.records import OfferedQuestion
from assistant.ui.chat import Chat
from assistant.ui.chat_tab import ChatTab
from assistant.ui.chat_views import ChatView, Picked
from assistant.ui.services import Places, Services, markup

Ask = Callable[..., list[ChatView]]
QUESTION = "How big is the <tank>?"


@pytest.fixture
def offered(services: Services, kettle: Assistant) -> OfferedQuestion:
    made = OfferedQuestion(QUESTION, "base", "rag", datetime.now(UTC))
    services.workspace.store.offer_questions(kettle.id, [made])
    return made


@pytest.fixture
def tab(services: Services) -> ChatTab:
    with gr.Blocks():
        return ChatTab(services, Places(*[gr.State("") for _ in range(4)]), markup())


class Request:
    """As much of a request as the chat asks for."""

    session_hash = "browser"
    cookies: dict[str, str] = {}  # noqa: RUF012


def press(tab: ChatTab, assistant: Assistant, question: str, offered: str = "yes") -> list[Any]:
    event = gr.EventData(None, {"action": "ask", "question": question, "offered": offered})
    return tab._begin_pressed(event, assistant.id, "", "rag", "", False, Request())  # type: ignore[arg-type]


def test_the_welcome_says_for_whom_a_question_is(
    chat: Chat, kettle: Assistant, offered: OfferedQuestion, voter: str
) -> None:
    turn = chat.views.show(kettle.id, "", voter, Picked("rag", "", False)).turn
    assert "How big is the &lt;tank&gt;?<small>Base model and RAG, blind</small>" in turn
    assert turn.count('data-offered="yes"') == 1


def test_pressing_sets_the_pair_and_blind_and_asks(
    tab: ChatTab, kettle: Assistant, offered: OfferedQuestion
) -> None:
    values = press(tab, kettle, QUESTION)
    assert values[0] == QUESTION
    left, right, blind = values[-3:]
    assert (left["value"], right["value"], blind["value"]) == ("base", "rag", True)
    turn = values[1 + tab.shown.index(tab.widgets.turn)]
    assert turn.count("<article") == 2, "both sides wait"


def test_another_example_leaves_the_pickers(tab: ChatTab, kettle: Assistant) -> None:
    values = press(tab, kettle, "And the whistle?", "")
    assert values[0] == "And the whistle?" and values[-3:] == [gr.skip()] * 3


def test_it_is_taken_back_once_it_was_asked(
    ask: Ask, services: Services, kettle: Assistant, offered: OfferedQuestion, tab: ChatTab
) -> None:
    store = services.workspace.store
    for other in (Picked("base", "rag", False), Picked("rag", "", False)):
        ask(QUESTION, picked=other)
        assert store.offered_questions(kettle.id) == [offered], "not asked as it was offered"
    view = ask(QUESTION, picked=tab.chat.views.picked_for(kettle.id, QUESTION))[-1]
    assert view.votable and store.offered_questions(kettle.id) == []
    values = press(tab, kettle, QUESTION)
    assert values[0] == "" and "offered no more" in str(values)


def test_a_stopped_answer_leaves_it_on_offer(
    chat: Chat,
    services: Services,
    kettle: Assistant,
    backend: ScriptedBackend,
    offered: OfferedQuestion,
    voter: str,
) -> None:
    backend._delay = 0.02
    picked = Picked("base", "rag", True)
    chat.begin("one", QUESTION, ChatView(), picked)
    for _, view in chat.answer("one", QUESTION, kettle.id, "", picked, voter):
        if view is not None and "tank holds" in view.turn:
            chat.stop("one")
    assert services.workspace.store.offered_questions(kettle.id) == [offered]


def test_a_pair_that_cannot_answer_yet_says_why(
    chat: Chat, services: Services, kettle: Assistant
) -> None:
    made = OfferedQuestion("Which?", "rag", "tuned", datetime.now(UTC))
    services.workspace.store.offer_questions(kettle.id, [made])
    with pytest.raises(InvalidRequest, match="no tuned model yet"):
        chat.views.picked_for(kettle.id, "Which?")
    assert services.workspace.store.offered_questions(kettle.id) == [made]
