"""The two small questions under an answer, as the chat shows and takes them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import gradio as gr
import pytest

from assistant.monitoring import one_tap
from assistant.records import Assistant
from assistant.ui.chat import Chat
from assistant.ui.chat_tab import ChatTab
from assistant.ui.chat_views import ChatView, Picked
from assistant.ui.services import Places, Services, markup
from assistant.ui.voter import COOKIE
from assistant.voters import new_voter, voter_of

Ask = Callable[..., list[ChatView]]
QUESTION = "How much does the tank of the Kestrel hold?"
ALONE = Picked("rag", "", False)


@pytest.fixture(autouse=True)
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(one_tap, "ASKED_EVERY", 1)


def taps(html: str) -> list[tuple[str, str, str]]:
    """Question, answer and whether it stands, of each button."""
    return re.findall(r'data-question="(\w+)" data-said="(\w+)" aria-pressed="(true|false)"', html)


def test_a_single_pane_asks_below_its_thumbs_and_shows_what_was_given(
    ask: Ask, chat: Chat, voter: str
) -> None:
    last = ask(QUESTION, picked=ALONE)[-1]
    assert last.turn.index('data-action="thumb"') < last.turn.index("Was this useful?")
    assert [said for question, said, _ in taps(last.turn) if question == "useful"] == ["yes", "no"]
    assert {stands for *_, stands in taps(last.turn)} == {"false"}
    chat.judging.impression(last.answered, "left", voter, "right", "unsure")
    shown = chat.views.show("", last.conversation, voter, ALONE).turn
    assert [tap[:2] for tap in taps(shown) if tap[2] == "true"] == [("right", "unsure")]
    other = chat.views.show("", last.conversation, "6" * 32, ALONE).turn
    assert {stands for *_, stands in taps(other)} == {"false"}, "another voter's is not shown"


def test_a_blind_comparison_asks_after_the_vote_alone(ask: Ask, chat: Chat, voter: str) -> None:
    views = ask(QUESTION)
    assert not any(taps(view.turn) for view in views)
    chat.judging.vote(views[-1].answered, voter, "left", {}, "")
    picked = Picked("rag", "base", True)
    shown = chat.views.show("", views[-1].conversation, voter, picked).turn
    assert len(taps(shown)) == 10 and shown.count('class="one-tap" data-side="right"') == 1
    assert not taps(chat.views.show("", views[-1].conversation, "6" * 32, picked).turn)


def test_most_answers_are_not_asked_about(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(one_tap, "ASKED_EVERY", 1 << 62)
    assert not taps(ask(QUESTION, picked=ALONE)[-1].turn)


class Request:
    """As much of a request as the chat asks for, with the cookie of a voter."""

    session_hash = "browser"

    def __init__(self, secret: bytes) -> None:
        self.cookies = {COOKIE: new_voter(secret)}
        self.voter = voter_of(self.cookies[COOKIE], secret)


@pytest.fixture
def tab(services: Services) -> ChatTab:
    with gr.Blocks():
        return ChatTab(services, Places(*[gr.State("") for _ in range(4)]), markup())


def press(tab: ChatTab, request: Request, view: ChatView, **data: str) -> list[Any]:
    event = gr.EventData(None, {"action": "impression", "answered": view.answered, **data})
    return tab._pressed(
        event, "", view.conversation, view.answered, "rag", "base", True,
        request,  # type: ignore[arg-type]
    )  # fmt: skip


def test_a_press_changes_the_turns_and_leaves_the_outcome_of_the_vote(
    ask: Ask, tab: ChatTab, services: Services, kettle: Assistant
) -> None:
    request = Request(services.workspace.store.secret())
    view = ask(QUESTION)[-1]
    services.arena.vote(view.answered, str(request.voter), "tie")
    values = press(tab, request, view, side="right", question="useful", said="no")
    changed = [
        name
        for name in ("history", "turn", "prompt", "notice", "vote_bar")
        if values[tab.shown.index(getattr(tab.widgets, name))] != gr.skip()
    ]
    assert changed == ["history", "turn"]
    turn = values[tab.shown.index(tab.widgets.turn)]
    assert [tap[:2] for tap in taps(turn) if tap[2] == "true"] == [("useful", "no")]
    (given,) = services.workspace.store.impressions([view.answered], str(request.voter))
    assert given.side == "right" and given.useful is False


@pytest.mark.parametrize(
    "data",
    [
        {"side": "left", "question": "useful", "said": "yes"},
        {"side": "left", "question": "useful", "said": "yes", "answered": "made-up"},
        {"side": "both", "question": "useful", "said": "yes"},
        {},
    ],
)
def test_a_hostile_press_before_the_vote_keeps_nothing(
    ask: Ask, tab: ChatTab, services: Services, data: dict[str, str]
) -> None:
    request = Request(services.workspace.store.secret())
    view = ask(QUESTION)[-1]
    said = str(press(tab, request, view, **data))
    assert 'role="alert"' in said and "Was this useful" not in said
    assert services.workspace.store.impressions([view.answered], str(request.voter)) == []


def test_without_our_cookie_nothing_is_kept(ask: Ask, tab: ChatTab, services: Services) -> None:
    request = Request(b"another secret" * 3)
    view = ask(QUESTION, picked=ALONE)[-1]
    said = str(press(tab, request, view, side="left", question="useful", said="yes"))
    assert "no voter cookie" in said
    assert services.workspace.store.impressions([view.answered], str(request.voter)) == []
