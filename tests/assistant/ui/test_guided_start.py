"""The guided start in the dialogs: handlers called as Gradio calls them, without a server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr
import pytest

from assistant.errors import InvalidRequest
from assistant.prompts import default_system_prompt
from assistant.purposes import PURPOSES
from assistant.records import Assistant
from assistant.ui.guided_start import GuidedStart
from assistant.ui.services import Places, Services
from assistant.ui.sidebar import Sidebar

LEGAL = PURPOSES["legal"]


@pytest.fixture
def sidebar(services: Services) -> Sidebar:
    with gr.Blocks():
        made = Sidebar(services, Places(*[gr.State("") for _ in range(4)]))
        made.build()
        made.build_head()
        made.build_dialogs()
        made.wire_dialogs()
    return made


class Fields:
    """What a browser holds of the fields, and sends back."""

    def __init__(self, start: GuidedStart, name: str, task: str, values: list[Any]) -> None:
        self._start = start
        self._held: dict[int, Any] = {id(start.inputs[0]): name, id(start.inputs[1]): task}
        self.take(start.outputs, values)

    def take(self, outputs: list[Any], values: list[Any]) -> None:
        for output, value in zip(outputs, values, strict=True):
            if isinstance(value, dict) and value.get("__type__") == "update":
                if "value" in value:
                    self._held[id(output)] = value["value"]
            else:
                self._held[id(output)] = value

    def set(self, field: Any, value: Any) -> None:
        self._held[id(field)] = value

    def get(self, field: Any) -> Any:
        return self._held[id(field)]

    @property
    def inputs(self) -> list[Any]:
        return [self._held.get(id(field)) for field in self._start.inputs]

    def choose(self, purpose: str) -> None:
        before = self._held[id(self._start._purpose_before)]
        self.set(self._start.purpose, purpose)
        self.take(self._start.outputs, self._start._recast(*self.inputs, before))

    def typed(self) -> None:
        start = self._start
        self.take([start.prompt, start._prompt_before, start.fault], start._follow(*self.inputs))


def test_a_new_assistant_has_what_the_answers_fill_in(sidebar: Sidebar) -> None:
    start = sidebar.start
    fields = Fields(start, "Desk", "Answers", start.values(None))
    fields.choose("legal")
    fields.set(start.audience, "tenants")
    fields.set(start.refused, "gardening\n\n gossip ")
    fields.typed()
    assert "You answer tenants." in fields.get(start.prompt)
    assert "gardening or gossip" in fields.get(start.prompt)
    made = sidebar.made(*fields.inputs)
    assert made.system_prompt == fields.get(start.prompt)
    assert made.profile.refusals == (*LEGAL.subjects, "gardening", "gossip")
    assert made.profile.disclaimer == LEGAL.disclaimer
    assert made.profile.emphasis == LEGAL.emphasis


def test_it_can_be_skipped_and_left_half_typed(sidebar: Sidebar) -> None:
    start = sidebar.start
    plain = sidebar.made(*Fields(start, "Plain", "Answers", start.values(None)).inputs)
    assert plain.system_prompt == default_system_prompt("Plain", "Answers")
    with pytest.raises(InvalidRequest, match="what it is for"):
        sidebar.made(*Fields(start, "Other", " ", start.values(None)).inputs)


def test_a_prompt_of_ones_own_stays(sidebar: Sidebar, kettle: Assistant) -> None:
    values = sidebar.asked("assistant", {"id": kettle.id, "action": "rename"})
    start, opened = sidebar.change, len(start_outputs := sidebar.change.outputs)
    fields = Fields(start, kettle.name, kettle.task, values[-opened:])
    assert len(start_outputs) == opened and fields.get(start.prompt) == kettle.system_prompt
    fields.set(start.prompt, "You are mine.")
    fields.choose("medical")
    fields.set(start.tone, "cheerful")
    fields.typed()
    fields.choose("legal")
    assert (fields.get(start.prompt), fields.get(start.tone)) == ("You are mine.", "cheerful")
    sidebar.changed(f"assistant:{kettle.id}", *fields.inputs)
    changed = sidebar._services.assistant(kettle.id)
    assert changed.system_prompt == "You are mine."
    assert changed.profile.disclaimer == LEGAL.disclaimer
    fields.set(start.prompt, "")
    sidebar.changed(f"assistant:{kettle.id}", *fields.inputs)
    again = sidebar._services.assistant(kettle.id)
    assert "Your tone is cheerful." in again.system_prompt


def test_a_changed_prompt_names_the_run_that_was_trained_with_another(
    sidebar: Sidebar, kettle: Assistant, add_run: Callable[[Assistant], str]
) -> None:
    run = add_run(kettle)
    subject = f"assistant:{kettle.id}"
    assert sidebar._retrain(subject, kettle.system_prompt) == ""
    assert run in sidebar._retrain(subject, "You are mine.")
    assert sidebar._retrain("assistant:gone", "x") == ""
