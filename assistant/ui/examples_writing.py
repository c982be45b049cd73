"""Writing examples from the documents: how, how many, how far it is, and what came of it."""

from __future__ import annotations

import threading
from typing import Any

import gradio as gr

from assistant.drawing.words import counted
from assistant.ui.background import Background, Report, work_html
from assistant.ui.dialogs import shown
from assistant.ui.notices import notice, sentence_of
from assistant.ui.services import QUICK, Places, Services, markup

_POLL_SECONDS = 0.5


class ExamplesWriting:
    """Builds the panel inside the current Blocks."""

    def __init__(self, services: Services, places: Places) -> None:
        self._services = services
        self._places = places
        self.work = Background("duet-examples")
        self.progress = markup(elem_id="writing", pressed=False)
        self.stop = gr.Button("Stop writing", size="sm", visible=False, elem_id="writing-stop")
        self.timer = gr.Timer(_POLL_SECONDS, active=False)
        self.shown: list[Any] = [self.progress, self.stop, self.timer]

    def wire(self, write: gr.Button) -> None:
        """write: begins it."""
        assistant = self._places.assistant
        self.begun = write.click(self.start, assistant, self.shown, **QUICK)
        self.stop.click(self._stop, assistant, self.shown, **QUICK)

    def values(self, assistant_id: str) -> list[Any]:
        """A value for each of `shown`."""
        state = self.work.state(assistant_id)
        return [work_html(state), shown(state.active), gr.Timer(active=state.active)]

    def start(self, assistant_id: str) -> list[Any]:
        """Begin, or say why not."""
        try:
            assistant = self._services.assistant(assistant_id)

            def action(report: Report, cancelled: threading.Event) -> str:
                written = self._services.workspace.write_examples(assistant)
                said = f"{counted(written.added, 'new example')} written from the documents."
                if not written.added:
                    said = "Nothing new: the examples written from these documents are all here."
                return f"{said} {written.note}".strip()

            self.work.start(assistant.id, "Writing examples from the documents", action)
        except Exception as error:
            return [notice(sentence_of(error), "bad"), *self.values(assistant_id)[1:]]
        return self.values(assistant_id)

    def _stop(self, assistant_id: str) -> list[Any]:
        self.work.stop(assistant_id)
        return self.values(assistant_id)
