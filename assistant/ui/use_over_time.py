"""The use-over-time section of the results."""

from __future__ import annotations

import gradio as gr

from assistant.monitoring.watch import watched
from assistant.ui.notices import tried
from assistant.ui.services import PRIVATE, QUICK, Places, Services, markup
from assistant.ui.use_html import use_html

_SPANS = [("Last 7 days", 7), ("Last 30 days", 30), ("Last 90 days", 90), ("Last year", 365)]


class UseSection:
    """Builds the section inside the current Blocks."""

    def __init__(self, services: Services, places: Places) -> None:
        self._services = services
        with gr.Accordion("Use over time", open=False, elem_id="use-section") as self.box:
            with gr.Row(elem_classes="tools"):
                self.days = gr.Dropdown(
                    _SPANS, value=30, label="Time", filterable=False, elem_id="use-days"
                )
            self.use = markup(elem_id="use", pressed=False)
        inputs = [places.assistant, self.days]
        gr.on([self.box.expand, self.days.input], self.shown, inputs, self.use, **PRIVATE)
        places.assistant.change(
            lambda: [gr.update(open=False), ""], None, [self.box, self.use], **QUICK
        )

    def shown(self, assistant_id: str, days: int) -> str:
        """The use over these days, or why there is nothing to show."""
        return tried(
            lambda: use_html(
                watched(self._services.workspace, self._services.assistant(assistant_id), days)
            )
        )
