"""Measure before training: one real step, and what the run would cost."""

from __future__ import annotations

import threading
from typing import Any

import gradio as gr

from assistant.errors import Conflict
from assistant.run_estimate import estimate_run
from assistant.ui.background import Background, Report, work_html
from assistant.ui.dialogs import shown
from assistant.ui.notices import notice, sentence_of
from assistant.ui.services import QUICK, Places, Services, markup
from assistant.ui.training_settings import settings_from

_POLL_SECONDS = 1.0


class Measuring:
    """Builds the button and what it finds inside the current Blocks."""

    def __init__(self, services: Services, places: Places) -> None:
        self._services = services
        self._places = places
        self.work = Background("duet-measure")
        with gr.Row(elem_classes="tools"):
            self.begin = gr.Button(
                "Measure (about half a minute)", size="sm", elem_id="train-measure"
            )
            self.stop = gr.Button("Stop measuring", size="sm", visible=False)
        self.found = markup(elem_id="measured", pressed=False)
        self.timer = gr.Timer(_POLL_SECONDS, active=False)
        self.shown: list[Any] = [self.begin, self.stop, self.found, self.timer]

    def wire(self, preset: gr.State, inputs: list[Any]) -> None:
        """inputs: the widgets of Advanced."""
        assistant = self._places.assistant
        self.begin.click(self.start, [assistant, preset, *inputs], self.shown, **QUICK)
        self.stop.click(self._stop, assistant, self.shown, **QUICK)
        self.timer.tick(self.values, assistant, self.shown, **QUICK)

    def values(self, assistant_id: str) -> list[Any]:
        """A value for each of `shown`."""
        state = self.work.state(assistant_id)
        begin = gr.update(interactive=not state.active)
        return [begin, shown(state.active), work_html(state), gr.Timer(active=state.active)]

    def start(self, assistant_id: str, preset: str, *settings: Any) -> list[Any]:
        """Begin, or say why not."""
        try:
            assistant = self._services.assistant(assistant_id)
            chosen = settings_from(preset, settings)

            def action(report: Report, cancelled: threading.Event) -> str:
                workspace = self._services.workspace
                found = estimate_run(workspace, assistant, chosen, report, cancelled)
                return " ".join((found.sentence, *found.notices))

            if not self.work.start(assistant.id, "Measuring one real step", action):
                raise Conflict("It is being measured already.")
        except Exception as error:
            values = self.values(assistant_id)
            return [*values[:2], notice(sentence_of(error), "bad"), values[3]]
        return self.values(assistant_id)

    def _stop(self, assistant_id: str) -> list[Any]:
        self.work.stop(assistant_id)
        return self.values(assistant_id)
