"""The page's services over a workspace with the shipped fakes; nothing is served."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from assistant.comparison import Arena
from assistant.records import Assistant
from assistant.ui.chat import Chat
from assistant.ui.chat_views import ChatView, Picked
from assistant.ui.preparation import Preparation
from assistant.ui.services import Services
from assistant.workspace import Workspace

VOTER = "5" * 32
RAG_OR_BASE = Picked("rag", "base", True)


@pytest.fixture
def services(workspace: Workspace) -> Services:
    return Services(workspace, Arena(workspace), Preparation(workspace))


@pytest.fixture
def chat(services: Services) -> Chat:
    return Chat(services)


@pytest.fixture
def voter() -> str:
    return VOTER


@pytest.fixture
def ask(chat: Chat, kettle: Assistant) -> Callable[..., list[ChatView]]:
    """Puts a question as the page does, and returns all that was shown."""

    def asked(
        question: str,
        conversation: str = "",
        picked: Picked = RAG_OR_BASE,
        voter: str = VOTER,
    ) -> list[ChatView]:
        shown = chat.views.show(kettle.id, conversation, voter, picked)
        pending, view = chat.begin("browser", question, shown, picked)
        views = [view]
        for _, view in chat.answer("browser", pending, kettle.id, conversation, picked, voter):
            views.append(view)
        return views

    return asked
