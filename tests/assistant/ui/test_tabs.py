"""The handlers of the tabs, called as Gradio calls them but without a server."""

from __future__ import annotations

import threading
from typing import Any

import gradio as gr
import pytest

from assistant.comparison import Compared
from assistant.errors import NotFound
from assistant.records import Assistant, Comparison
from assistant.ui.chat_tab import ChatTab
from assistant.ui.documents import DocumentsTab
from assistant.ui.examples import ExamplesTab
from assistant.ui.results import ResultsTab
from assistant.ui.services import Places, Services, markup
from assistant.ui.sources import Sources
from assistant.ui.training import TrainingTab


class Tabs:
    """All tabs, built in one page."""

    def __init__(self, services: Services) -> None:
        with gr.Blocks():
            states = [gr.State("") for _ in range(4)]
            places, panel = Places(*states), markup()
            self.chat = ChatTab(services, places, panel)
            self.documents = DocumentsTab(services, places, panel)
            self.examples = ExamplesTab(services, places, panel)
            self.training = TrainingTab(services, places, panel)
            self.results = ResultsTab(services)


@pytest.fixture
def tabs(services: Services) -> Tabs:
    return Tabs(services)


def press(**data: str) -> gr.EventData:
    return gr.EventData(None, data)


def text(values: list[Any]) -> str:
    return " ".join(str(value) for value in values)


def last(steps: Any) -> str:
    return text(list(steps)[-1])


def test_without_an_assistant_every_tab_says_what_to_do(tabs: Tabs) -> None:
    for tab in (tabs.documents, tabs.examples, tabs.training, tabs.results):
        assert "New assistant" in text(tab.values(""))


def test_documents_are_listed_searched_opened_and_removed(tabs: Tabs, kettle: Assistant) -> None:
    documents = tabs.documents
    assert "manual.md" in text(documents.values(kettle.id))
    found, _ = documents._search("How big is the tank?", kettle.id)
    assert "1.85" in found and "<mark>tank</mark>" in found
    item = documents._services.workspace.corpus(kettle).documents()[0].id
    assert "440 hertz" in documents._pressed(press(action="passages", id=item), kettle.id)[0]
    asked = documents._pressed(press(action="remove", id=item), kettle.id)
    assert asked[1] == item and "Remove manual.md?" in text(asked)
    assert "manual.md was removed." in text(documents._remove(item, kettle.id))
    assert "No documents yet" in text(documents.values(kettle.id))


def test_a_made_up_document_is_answered_with_a_sentence(tabs: Tabs, kettle: Assistant) -> None:
    said = text(tabs.documents._pressed(press(action="passages", id="../x"), kettle.id))
    assert 'role="alert"' in said


def test_a_source_is_opened_in_its_surroundings_only_after_the_vote(
    services: Services, kettle: Assistant, voter: str
) -> None:
    comparison = _compared(services, kettle, voter)
    side = "left" if comparison.left.citations else "right"
    with pytest.raises(NotFound, match="after your vote"):
        Sources(services).opened(comparison.id, side, 1, voter)
    services.arena.vote(comparison.id, voter, "tie")
    opened = Sources(services).opened(comparison.id, side, 1, voter)
    assert "<mark>The tank of the Kestrel holds 1.85 litres." in opened
    with pytest.raises(NotFound, match="no such source"):
        Sources(services).opened(comparison.id, side, 99, voter)


def test_a_source_outlives_its_document(services: Services, kettle: Assistant, voter: str) -> None:
    comparison = _compared(services, kettle, voter)
    side = "left" if comparison.left.citations else "right"
    services.arena.vote(comparison.id, voter, "tie")
    services.workspace.corpus(kettle).remove("manual.md")
    opened = Sources(services).opened(comparison.id, side, 1, voter)
    assert "has changed or gone" in opened and "1.85 litres" in opened


def _compared(services: Services, assistant: Assistant, voter: str) -> Comparison:

    talk = services.arena.start(assistant, "rag", "base", True)
    question = "How much does the tank of the Kestrel hold?"
    events = services.arena.compare(talk.id, question, voter, threading.Event())
    return next(event.comparison for event in events if isinstance(event, Compared))


class Browser:
    """As much of a request as the chat asks for."""

    session_hash = "browser"
    cookies: dict[str, str] = {}  # noqa: RUF012
    headers: dict[str, str] = {}  # noqa: RUF012


def test_duet_chooses_the_pair_and_says_why(tabs: Tabs, kettle: Assistant) -> None:
    values = tabs.chat.choose(kettle.id, Browser())  # type: ignore[arg-type]
    assert len(values) == len(tabs.chat.shown) + len(tabs.chat.pickers)
    assert "teaches most" in text(values)
    left, right, blind = values[-3:]
    assert {left["value"], right["value"]} == {"base", "rag"} and blind["value"]
