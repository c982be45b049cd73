"""The verdict on the page: what it says, what can be decided, what cannot."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr
import pytest

from assistant.records import Assistant
from assistant.ui.services import Places, Services
from assistant.ui.verdict import VerdictSection


@pytest.fixture
def section(services: Services) -> VerdictSection:
    with gr.Blocks():
        states = [gr.State("") for _ in range(4)]
        return VerdictSection(services, Places(*states))


def press(**data: str) -> gr.EventData:
    return gr.EventData(None, data)


def text(values: list[Any]) -> str:
    return " ".join(str(value) for value in values)


def test_without_an_assistant_it_says_what_to_do(section: VerdictSection) -> None:
    assert "New assistant" in text(section.values(""))


def test_documents_alone_ask_for_a_tuned_model(section: VerdictSection, kettle: Assistant) -> None:
    html = text(section.values(kettle.id))
    assert "There is no tuned model yet" in html and "Not measured" in html
    assert 'data-action="decide" data-id="rag"' in html
    assert 'data-id="tuned"' not in html
    assert f"/downloads/{kettle.slug}/report.html" in html


def test_a_decision_is_kept_and_shown(
    section: VerdictSection, services: Services, kettle: Assistant
) -> None:
    shown = section._pressed(press(action="decide", id="rag"), kettle.id)
    assert "RAG was chosen" in text(shown)
    (decision,) = services.workspace.store.decisions(kettle.id)
    assert (decision.kind, decision.certainty) == ("rag", "unknown")


@pytest.mark.parametrize("chosen", ["tuned", "nonsense", ""])
def test_what_cannot_answer_cannot_be_chosen(
    section: VerdictSection, services: Services, kettle: Assistant, chosen: str
) -> None:
    said, _ = section._pressed(press(action="decide", id=chosen), kettle.id)
    assert "notice" in said
    assert services.workspace.store.decisions(kettle.id) == []


def test_a_tuned_model_can_be_chosen(
    section: VerdictSection,
    services: Services,
    kettle: Assistant,
    add_run: Callable[[Assistant], str],
) -> None:
    run = add_run(kettle)
    section._pressed(press(action="decide", id="tuned+rag"), kettle.id)
    (decision,) = services.workspace.store.decisions(kettle.id)
    assert (decision.kind, decision.run_id) == ("tuned+rag", run)
