"""The embedding model on the documents tab: which it is, what is offered, and changing it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from html import escape
from typing import Any

import gradio as gr

from assistant.drawing.tables import Column, table, tag
from assistant.drawing.words import counted
from assistant.embedders import change_embedder, embedder_of
from assistant.errors import InvalidRequest
from assistant.ui.background import Background, Report, work_html
from assistant.ui.dialogs import shown
from assistant.ui.notices import notice, sentence_of
from assistant.ui.services import QUICK, Places, Services, markup
from retrieval.embedders import OFFERED, OfferedEmbedder

_POLL_SECONDS = 1.0
_COLUMNS = (
    Column("Model"),
    Column("Languages"),
    Column("To fetch", numeric=True, hint="Once; it stays on this machine."),
    Column("Longest text", numeric=True, hint="In tokens, pieces of words that the model reads."),
    Column("Licence"),
    Column(""),
)


class EmbedderSection:
    """Builds the section inside the current Blocks."""

    def __init__(self, services: Services, places: Places) -> None:
        self._services = services
        self._places = places
        self.work = Background("duet-embedding")
        self._build()
        self.shown: list[Any] = [self.present, self.status, self.stop, self.timer]
        self._wire()

    def _build(self) -> None:
        with gr.Accordion("Embedding model", open=False, elem_id="embedder-section"):
            self.present = markup(elem_id="embedder", pressed=False)
            with gr.Row(elem_classes="tools filters"):
                self.name = gr.Dropdown(
                    [(one.title, one.name) for one in OFFERED],
                    value=OFFERED[0].name,
                    label="Change to",
                    info="One of the table, or the hub name or folder of any other of "
                    "sentence-transformers.",
                    allow_custom_value=True,
                    elem_id="embedder-name",
                )
                self.change = gr.Button("Change", elem_id="embedder-change")
                self.stop = gr.Button("Stop", visible=False, elem_id="embedder-stop")
            self.notice = markup(elem_id="embedder-notice", pressed=False)
            self.status = markup(elem_id="embedder-status", pressed=False)
            self.timer = gr.Timer(_POLL_SECONDS, active=False)

    def _wire(self) -> None:
        assistant = self._places.assistant
        self.change.click(self._change, [self.name, assistant], [self.notice, *self.shown], **QUICK)
        self.stop.click(self._stop, assistant, self.shown, **QUICK)
        self.timer.tick(self.values, assistant, self.shown, **QUICK)

    def values(self, assistant_id: str) -> list[Any]:
        """A value for each of `shown`."""
        try:
            assistant = self._services.assistant(assistant_id)
            present = embedder_html(embedder_of(self._services.workspace, assistant))
        except Exception as error:
            return [notice(sentence_of(error), "bad"), "", shown(False), gr.Timer(active=False)]
        state = self.work.state(assistant.id)
        return [present, work_html(state), shown(state.active), gr.Timer(active=state.active)]

    def _change(self, name: str | None, assistant_id: str) -> list[Any]:
        said = ""
        try:
            assistant = self._services.assistant(assistant_id)
            chosen = (name or "").strip()
            if not chosen:
                raise InvalidRequest("Choose an embedding model, or write the name of one.")
            if chosen == embedder_of(self._services.workspace, assistant):
                raise InvalidRequest("The documents are searched with that model already.")

            def action(report: Report, cancelled: threading.Event) -> str:
                change = change_embedder(
                    self._services.workspace,
                    self._services.assistant(assistant_id),
                    chosen,
                    lambda done, total: report(
                        f"{done:,} of {total:,} passages; the model of before goes on serving",
                        done / max(total, 1),
                    ),
                    cancelled,
                )
                longer = (
                    f" {counted(change.longer, 'passage')} are longer than it takes in whole: "
                    "their ends are found by their words only."
                    if change.longer
                    else ""
                )
                return (
                    f"{counted(change.passages, 'passage')} are searched with {chosen} now."
                    f"{longer} Self-check: {change.check.sentence}"
                )

            if not self.work.start(assistant.id, f"Loading {chosen}", action):
                said = notice("A change is going already: wait until it is done, or stop it.")
        except Exception as error:
            said = notice(sentence_of(error), "bad")
        return [said, *self.values(assistant_id)]

    def _stop(self, assistant_id: str) -> list[Any]:
        self.work.stop(assistant_id)
        return self.values(assistant_id)


def embedder_html(present: str, offered: Sequence[OfferedEmbedder] = OFFERED) -> str:
    """What the documents are searched with, and what else is offered."""
    known = any(one.name == present for one in offered)
    other = f"<p>Searched with <strong>{escape(present)}</strong>.</p>" if not known else ""
    rows = [
        (
            f'<strong class="name">{escape(one.title)}</strong>'
            f'<small class="quiet">{escape(one.name)}</small>',
            escape(one.languages),
            f"{one.megabytes:,} MB" if one.megabytes else "is here",
            f"{one.max_tokens:,}",
            escape(one.licence),
            tag("In use", "good") if one.name == present else "",
        )
        for one in offered
    ]
    about = (
        '<p class="quiet">It turns passages and questions into vectors, so that they are found by '
        "their meaning. A change embeds all passages anew; until that is done, the model of before "
        "goes on serving.</p>"
    )
    return about + other + table(_COLUMNS, rows, "Embedding models that are offered")
