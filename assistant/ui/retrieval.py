"""Retrieval on the documents tab: measured, shown, and what the measurement speaks for adopted."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import gradio as gr

from assistant.drawing.words import counted
from assistant.errors import InvalidRequest, documents_mapped
from assistant.records import Assistant
from assistant.retrieval_quality import (
    adopt,
    evaluate,
    fit_threshold,
    last_report,
    own_questions,
    threshold_changes,
)
from assistant.retrieval_reports import Choice, RetrievalReport
from assistant.ui.background import Action, Background, Report, work_html
from assistant.ui.dialogs import shown
from assistant.ui.notices import notice, sentence_of
from assistant.ui.retrieval_html import report_html
from assistant.ui.services import QUICK, Places, Services, markup
from retrieval.questions import Question, read_questions

_POLL_SECONDS = 1.0
_MOST_CHOICES = 3
_GOING = "Something is being measured already: wait until it is done, or stop it."


class RetrievalSection:
    """Builds the section inside the current Blocks."""

    def __init__(self, services: Services, places: Places) -> None:
        self._services = services
        self._places = places
        self.work = Background("duet-retrieval")
        self._build()
        self.shown: list[Any] = [self.stop, self.status, *self.choices, self.report, self.timer]
        self._wire()

    def _build(self) -> None:
        with gr.Accordion("Retrieval: measured quality", open=False, elem_id="retrieval-section"):
            gr.HTML(
                "<p class='quiet'>How often the right passage is found, on the assistant's own "
                "questions or on a JSONL file of yours: a line is {“question”, “answers”, “doc”, "
                "“scope”}, only the question is required.</p>",
                apply_default_css=False,
            )
            with gr.Row(elem_classes="tools filters"):
                self.reranker = gr.Textbox(
                    label="Reranker to measure",
                    info="A cross-encoder's hub name or folder; leave it empty for none.",
                    max_lines=1,
                    max_length=500,
                    elem_id="retrieval-reranker",
                )
                self.sweep = gr.Checkbox(
                    label="Try other passage sizes and weights",
                    info="Embeds all passages again for each size: it takes several times longer.",
                    elem_id="retrieval-sweep",
                )
            with gr.Row(elem_classes="tools"):
                self.start = gr.Button("Measure", variant="primary", elem_id="retrieval-start")
                self.file = gr.UploadButton(
                    "Measure on a file (JSONL)", file_types=[".jsonl"], elem_id="retrieval-file"
                )
                self.fit = gr.Button("Fit the threshold", elem_id="retrieval-fit")
                self.stop = gr.Button("Stop", visible=False, elem_id="retrieval-stop")
            self.notice = markup(elem_id="retrieval-notice", pressed=False)
            self.status = markup(elem_id="retrieval-status", pressed=False)
            with gr.Row(elem_classes="tools"):
                self.choices = [
                    gr.Button(visible=False, elem_id=f"retrieval-adopt-{place}")
                    for place in range(_MOST_CHOICES)
                ]
            self.report = markup(elem_id="retrieval-report", pressed=False)
            self.timer = gr.Timer(_POLL_SECONDS, active=False)

    def _wire(self) -> None:
        assistant = self._places.assistant
        asked, said = [assistant, self.reranker, self.sweep], [self.notice, *self.shown]
        self.start.click(self._start, asked, said, **QUICK)
        self.file.upload(self._file, [self.file, *asked], said, **QUICK)
        self.fit.click(self._fit, assistant, said, **QUICK)
        self.stop.click(self._stop, assistant, self.shown, **QUICK)
        for place, button in enumerate(self.choices):
            button.click(self._adopter(place), assistant, said, **QUICK)
        self.timer.tick(self._polled, assistant, self.shown, **QUICK)

    def values(self, assistant_id: str) -> list[Any]:
        """A value for each of `shown`."""
        try:
            assistant = self._services.assistant(assistant_id)
            report = last_report(self._services.workspace, assistant)
        except Exception as error:
            hidden = [shown(False) for _ in self.choices]
            said = notice(sentence_of(error), "bad")
            return [shown(False), said, *hidden, "", gr.Timer(active=False)]
        state = self.work.state(assistant.id)
        offered = [] if state.active else self._offered(assistant, report)
        buttons = [
            dict(gr.update(value=label(offered[place], report), visible=True))
            if place < len(offered)
            else shown(False)
            for place in range(_MOST_CHOICES)
        ]
        return [
            shown(state.active),
            work_html(state),
            *buttons,
            report_html(report, assistant.slug),
            gr.Timer(active=state.active),
        ]

    def _polled(self, assistant_id: str) -> list[Any]:
        """While it is going only the progress changes."""
        state = self.work.state(assistant_id)
        if not state.active:
            return self.values(assistant_id)
        same = [gr.skip()] * len(self.shown)
        same[1] = work_html(state)
        return same

    def _start(self, assistant_id: str, reranker: str, sweep: bool) -> list[Any]:
        def asked(assistant: Assistant) -> tuple[list[Question], str]:
            return own_questions(self._services.workspace, assistant), "the assistant's examples"

        return self._measured(assistant_id, reranker, sweep, asked)

    def _file(self, file: str | None, assistant_id: str, reranker: str, sweep: bool) -> list[Any]:
        if not file:
            return [gr.skip()] * (1 + len(self.shown))
        path = Path(file)

        def asked(assistant: Assistant) -> tuple[list[Question], str]:
            with documents_mapped():
                return read_questions(path), path.name

        try:
            return self._measured(assistant_id, reranker, sweep, asked)
        finally:
            path.unlink(missing_ok=True)

    def _measured(self, assistant_id: str, reranker: str, sweep: bool, asked: Any) -> list[Any]:
        def begun(assistant: Assistant) -> tuple[str, Action]:
            questions, source = asked(assistant)
            if not any(question.in_scope for question in questions):
                raise InvalidRequest(
                    "There are no questions to measure on: give a file of questions, or write "
                    "examples first."
                )

            def action(report: Report, cancelled: threading.Event) -> str:
                evaluate(
                    self._services.workspace,
                    assistant,
                    questions,
                    reranker=(reranker or "").strip(),
                    sweep=bool(sweep),
                    source=source,
                    progress=report,
                    cancelled=cancelled,
                )
                return f"Measured on {counted(len(questions), 'question')}."

            return "Searching the test questions", action

        return self._begun(assistant_id, begun)

    def _fit(self, assistant_id: str) -> list[Any]:
        def begun(assistant: Assistant) -> tuple[str, Action]:
            def action(report: Report, cancelled: threading.Event) -> str:
                workspace = self._services.workspace
                fitted = fit_threshold(workspace, assistant, report, cancelled)
                changes = threshold_changes(fitted)
                if changes:
                    adopt(workspace, assistant, Choice("threshold", "", changes))
                return fitted.sentence + (" It is in use now." if changes else "")

            return "Searching the assistant's own questions", action

        return self._begun(assistant_id, begun)

    def _adopter(self, place: int) -> Any:
        def pressed(assistant_id: str) -> list[Any]:
            return self._adopt(place, assistant_id)

        return pressed

    def _adopt(self, place: int, assistant_id: str) -> list[Any]:
        def begun(assistant: Assistant) -> tuple[str, Action]:
            report = last_report(self._services.workspace, assistant)
            offered = self._offered(assistant, report)
            if place >= len(offered):
                raise InvalidRequest("That is not offered any more: measure again.")
            choice = offered[place]

            def action(report: Report, cancelled: threading.Event) -> str:
                adopt(
                    self._services.workspace,
                    assistant,
                    choice,
                    progress=report,
                    cancelled=cancelled,
                )
                return f"Adopted: {choice.label}."

            return choice.label, action

        return self._begun(assistant_id, begun)

    def _offered(self, assistant: Assistant, report: RetrievalReport | None) -> list[Choice]:
        """What the newest measurement speaks for and is not in use yet."""
        choices = [] if report is None else list(report.choices)
        tokens = None
        if any(choice.passage_tokens is not None for choice in choices):
            with documents_mapped():
                tokens = self._services.workspace.corpus(assistant).passage_tokens
        return [one for one in choices if not adopted(one, assistant, tokens)][:_MOST_CHOICES]

    def _begun(self, assistant_id: str, begun: Any) -> list[Any]:
        said = ""
        try:
            assistant = self._services.assistant(assistant_id)
            stage, action = begun(assistant)
            if not self.work.start(assistant.id, stage, action):
                said = notice(_GOING)
        except Exception as error:
            said = notice(sentence_of(error), "bad")
        return [said, *self.values(assistant_id)]

    def _stop(self, assistant_id: str) -> list[Any]:
        self.work.stop(assistant_id)
        return self.values(assistant_id)


def adopted(choice: Choice, assistant: Assistant, passage_tokens: int | None) -> bool:
    """Whether a choice is in use. passage_tokens: of the documents as they are cut now."""
    if choice.passage_tokens is not None and choice.passage_tokens != passage_tokens:
        return False
    return all(
        _plain(getattr(assistant.retrieval, name, None)) == _plain(value)
        for name, value in choice.changes.items()
    )


def label(choice: Choice, report: RetrievalReport | None) -> str:
    """What the button says, with what the choice costs."""
    if choice.passage_tokens is None or report is None:
        return choice.label
    return f"{choice.label} (cuts and embeds {counted(report.documents, 'document')} anew)"


def _plain(value: Any) -> Any:
    """As JSON keeps it, for comparing."""
    return list(value) if isinstance(value, tuple) else value
