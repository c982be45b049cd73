"""Writing examples from the documents: how, how many, how far it is, and what came of it."""

from __future__ import annotations

import threading
from typing import Any

import gradio as gr

from assistant.drawing.words import counted
from assistant.errors import InvalidRequest
from assistant.records import Assistant
from assistant.ui.background import Background, Report, work_html
from assistant.ui.dialogs import shown
from assistant.ui.notices import notice, sentence_of
from assistant.ui.services import QUICK, Places, Services, markup
from assistant.ui.writing_html import written_html
from assistant.writing.model_writing import ModelOptions, write_with_model
from assistant.writing.writers import chosen_writer
from assistant.writing.writing import WritingOptions

_POLL_SECONDS = 0.5
_NOTHING_NEW = "Nothing new: the examples written from these documents are all here."


class ExamplesWriting:
    """Builds the panel inside the current Blocks, hidden until it is asked for.

    The work goes on when the page is closed, and is found where it is by whoever opens it again.
    """

    def __init__(self, services: Services, places: Places) -> None:
        self._services = services
        self._places = places
        self.work = Background("duet-examples")
        self._reports: dict[str, str] = {}
        with gr.Column(visible=False, elem_id="writing-box") as self.box:
            with gr.Row(elem_classes="tools filters"):
                self.method = gr.Radio(
                    [("By rule, quick and without a model", "rules"), ("With a model", "model")],
                    value="rules",
                    label="How",
                    elem_id="writing-method",
                )
                self.count = gr.Textbox(
                    label="How many, about",
                    placeholder="As many as help",
                    max_lines=1,
                    max_length=7,
                    elem_id="writing-count",
                )
            self.model = gr.Textbox(
                label="Model: a folder, a Hugging Face id, or the address of a server",
                placeholder="Empty: the assistant's own base model",
                max_lines=1,
                max_length=500,
                visible=False,
                elem_id="writing-model",
            )
            self.about = markup(elem_id="writing-about", pressed=False)
            with gr.Row(elem_classes="tools"):
                self.begin = gr.Button("Write", variant="primary", elem_id="writing-begin")
                self.close = gr.Button("Close", elem_id="writing-close")
        self.progress = markup(elem_id="writing", pressed=False)
        self.stop = gr.Button("Stop writing", size="sm", visible=False, elem_id="writing-stop")
        self.timer = gr.Timer(_POLL_SECONDS, active=False)
        self.shown: list[Any] = [self.progress, self.stop, self.begin, self.timer]

    def wire(self, write: gr.Button) -> None:
        """write: opens the panel."""
        assistant = self._places.assistant
        chosen = [assistant, self.method, self.model]
        gr.on([write.click], self._opened, chosen, [self.box, self.about], **QUICK)
        self.close.click(lambda: shown(False), None, self.box, **QUICK)
        gr.on(
            [self.method.input, self.model.blur],
            lambda *where: [shown(where[1] == "model"), self._about(*where)],
            chosen,
            [self.model, self.about],
            **QUICK,
        )
        self.begin.click(
            self.start,
            [assistant, self.method, self.count, self.model],
            self.shown,
            **QUICK,
        )
        self.stop.click(self._stop, assistant, self.shown, **QUICK)

    def values(self, assistant_id: str) -> list[Any]:
        """A value for each of `shown`."""
        state = self.work.state(assistant_id)
        done = "" if state.active or state.failure else self._reports.get(assistant_id, "")
        return [
            work_html(state) + done,
            shown(state.active),
            gr.update(interactive=not state.active),
            gr.Timer(active=state.active),
        ]

    def start(
        self, assistant_id: str, method: str = "rules", count: str = "", model: str = ""
    ) -> list[Any]:
        """Begin, or say why not."""
        try:
            assistant = self._services.assistant(assistant_id)
            if method not in ("rules", "model"):
                raise InvalidRequest("Choose how the examples are written.")
            wanted = _count(count or "")

            def action(report: Report, cancelled: threading.Event) -> str:
                write = self._with_model if method == "model" else self._by_rule
                self._reports[assistant.id] = write(
                    assistant, wanted, (model or "").strip(), report, cancelled
                )
                return ""

            self._reports.pop(assistant.id, None)
            self.work.start(assistant.id, "Reading the documents", action)
        except Exception as error:
            return [notice(sentence_of(error), "bad"), *self.values(assistant_id)[1:]]
        return self.values(assistant_id)

    def _by_rule(
        self,
        assistant: Assistant,
        count: int | None,
        model: str,
        report: Report,
        cancelled: threading.Event,
    ) -> str:
        written = self._services.workspace.write_examples(
            assistant, WritingOptions(count), report, cancelled
        )
        said = _said(written.added, "from the documents", written.stopped)
        return written_html(said, written.sentences, written.dropped)

    def _with_model(
        self,
        assistant: Assistant,
        count: int | None,
        model: str,
        report: Report,
        cancelled: threading.Event,
    ) -> str:
        writer = chosen_writer(model or None, assistant)
        written = write_with_model(
            self._services.workspace, assistant, writer, ModelOptions(count), report, cancelled
        )
        sentences = [
            _page_sentence(one) for one in written.sentences if not one.startswith("Left out")
        ]
        return written_html(
            _said(written.added, f"with {writer.short_name}", written.stopped),
            sentences,
            sorted((*written.discarded, *written.dropped), key=lambda one: -one.count),
        )

    def _opened(self, assistant_id: str, method: str, model: str) -> list[Any]:
        return [shown(True), self._about(assistant_id, method, model)]

    def _about(self, assistant_id: str, method: str, model: str) -> str:
        """What the chosen way does, what it sends away, and why it may be of no use."""
        if method != "model":
            return notice(
                "Facts are found by rule: definitions, numbers, dates, tables and headings. It "
                "takes seconds to minutes, and what is written says where it stands."
            )
        try:
            assistant = self._services.assistant(assistant_id)
            writer = chosen_writer((model or "").strip() or None, assistant)
        except Exception as error:
            return notice(sentence_of(error), "warn")
        said = f"{writer.short_name} is asked about each passage; the filters keep what holds."
        return "".join(
            (
                notice(writer.leaving, "warn"),
                notice(writer.warning, "warn"),
                notice(f"{said} Stopping keeps every reply: start again to go on from there."),
            )
        )

    def _stop(self, assistant_id: str) -> list[Any]:
        self.work.stop(assistant_id)
        return self.values(assistant_id)


def _count(text: str) -> int | None:
    """How many are wanted; None for as many as help. Raises InvalidRequest."""
    if not text.strip():
        return None
    if not text.strip().isdecimal() or not int(text):
        raise InvalidRequest("The number of examples must be a whole number from 1, or left empty.")
    return int(text)


def _said(added: int, how: str, stopped: bool) -> str:
    """What came of it, in the first sentence."""
    if added:
        return f"{counted(added, 'new example')} written {how}."
    return "No new examples yet." if stopped else _NOTHING_NEW


def _page_sentence(sentence: str) -> str:
    return sentence.replace("the same command goes on", "writing again goes on")
