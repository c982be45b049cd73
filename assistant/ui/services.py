"""What every tab is given: the workspace, the arena, the preparation, and the page's own state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from assistant.comparison import Arena
from assistant.errors import NotFound
from assistant.records import Assistant
from assistant.ui.preparation import Preparation
from assistant.ui.voter import voter_in
from assistant.workspace import Workspace

# Every event of the page: not listed in an API, and without Gradio's own progress overlay.
PRIVATE: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
# Outside Gradio's queue: the quickest, but no listener of a State's `change` is told (Gradio 6.31),
# so an event that sets a State which others listen to is PRIVATE alone.
QUICK: dict[str, Any] = {**PRIVATE, "queue": False}

# One question is answered at a time: whoever asks while another is answered waits in this queue.
MODEL_QUEUE: dict[str, Any] = {**PRIVATE, "concurrency_id": "model", "concurrency_limit": 1}

# Presses inside server-made HTML: what was pressed, with the answer and the side it belongs to. A
# question to ask is the event `submit`, everything else `click`.
PRESSED = """
element.addEventListener('click', (event) => {
  const pressed = event.target.closest('[data-action]');
  if (!pressed || !element.contains(pressed) || pressed.disabled) return;
  const turn = pressed.closest('[data-answered]');
  const side = pressed.closest('[data-side]');
  trigger(pressed.dataset.action === 'ask' ? 'submit' : 'click', {
    ...pressed.dataset,
    answered: turn ? turn.dataset.answered : '',
    side: side ? side.dataset.side : '',
  });
});
"""


@dataclass(frozen=True, slots=True)
class Services:
    """The core as the tabs see it."""

    workspace: Workspace
    arena: Arena
    preparation: Preparation

    def voter(self, request: gr.Request) -> str:
        """Who sent this request. Raises VoteRefused without a cookie of ours."""
        return voter_in(request, self.workspace.store.secret())

    def awaited(self, assistant_id: str) -> bool:
        """Whether the page has no assistant yet and will have one: it loads, or one is made."""
        if assistant_id:
            return False
        return self.preparation.making_sample or bool(self.workspace.assistants())

    def assistant(self, assistant_id: str) -> Assistant:
        """The assistant of an id. Raises NotFound with a sentence for the page."""
        if self.awaited(assistant_id):
            raise NotFound(
                "The page has not opened its assistant yet: wait a moment, or reload it."
            )
        if not assistant_id:
            raise NotFound("There is no assistant yet: make one with “New assistant”.")
        return self.workspace.assistant(assistant_id)


@dataclass(frozen=True, slots=True)
class Places:
    """Where this browser is. Held on the server; the page itself sends none of it.

    answered: id of the comparison or reply that the vote bar is about. pending: the question that
    waits to be answered.
    """

    assistant: gr.State
    conversation: gr.State
    answered: gr.State
    pending: gr.State


def markup(value: str = "", *, elem_id: str | None = None, pressed: bool = True) -> gr.HTML:
    """A place for server-made HTML; presses on its `data-action` elements are click events."""
    return gr.HTML(
        value,
        elem_id=elem_id,
        apply_default_css=False,
        js_on_load=PRESSED if pressed else None,
    )


def pressed_data(event: gr.EventData) -> dict[str, str]:
    """What a press sent, as text by name; nothing else is taken from it."""
    data = event._data if isinstance(event._data, dict) else {}
    return {str(key): value for key, value in data.items() if isinstance(value, str)}
