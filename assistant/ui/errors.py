"""The errors section of the results: what went wrong, and what to do about it."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import gradio as gr

from assistant.drawing.words import NAMES, counted, moment
from assistant.errors import DuetError, InvalidRequest
from assistant.evaluation.error_classes import ClassedAnswer
from assistant.evaluation.error_report import ErrorReport, error_report
from assistant.records import Assistant
from assistant.review.from_errors import MoreWordings, add_wording, more_wordings, offer_in_chat
from assistant.review.queue import queue_answers
from assistant.ui.errors_html import questions_of, report_html
from assistant.ui.notices import notice, sentence_of
from assistant.ui.services import PRIVATE, QUICK, Places, Services, markup, pressed_data

# Presses that take the ticked boxes of the list with them.
_PRESSED = """
element.addEventListener('click', (event) => {
  const pressed = event.target.closest('[data-action]');
  if (!pressed || !element.contains(pressed) || pressed.disabled) return;
  const ticked = [...element.querySelectorAll('input[data-question]:checked')];
  trigger('click', {
    ...pressed.dataset,
    chosen: ticked.map((box) => box.dataset.question).join(','),
  });
});
"""
_KEPT = 6  # reports held, so that a press does not class everything again


class ErrorsSection:
    """Builds the section inside the current Blocks."""

    def __init__(self, services: Services, places: Places) -> None:
        self._services = services
        self._places = places
        self._reports: OrderedDict[tuple[str, ...], ErrorReport] = OrderedDict()
        with gr.Accordion("Errors", open=False, elem_id="errors-section") as self.box:
            with gr.Row(elem_classes="tools"):
                self.evaluation = gr.Dropdown(
                    [], label="Evaluation", filterable=False, elem_id="errors-evaluation"
                )
                self.before = gr.Dropdown(
                    [], label="Before", filterable=False, elem_id="errors-before"
                )
                self.after = gr.Dropdown(
                    [], label="After", filterable=False, elem_id="errors-after"
                )
            self.notice = markup(elem_id="errors-notice", pressed=False)
            self.report = gr.HTML(elem_id="errors", apply_default_css=False, js_on_load=_PRESSED)
            with gr.Column(visible=False, elem_id="errors-example") as self.writing:
                self.subject = gr.State("")
                self.wording = gr.Textbox(
                    label="Another wording of the question",
                    info="The test question itself is not trained on: ask for the fact otherwise.",
                    max_length=8000,
                    elem_id="errors-wording",
                )
                self.answer = gr.Textbox(
                    label="The right answer", max_length=8000, elem_id="errors-answer"
                )
                self.save = gr.Button("Add to examples", elem_id="errors-save")
        self._wire()

    def _wire(self) -> None:
        assistant = self._places.assistant
        pickers = [self.evaluation, self.before, self.after]
        self.box.expand(
            self.opened, assistant, [*pickers, self.notice, self.report, self.writing], **PRIVATE
        )
        assistant.change(
            lambda: [gr.update(open=False), "", ""],
            None,
            [self.box, self.notice, self.report],
            **QUICK,
        )
        gr.on(
            [self.evaluation.input, self.before.input, self.after.input],
            self.values,
            [assistant, *pickers],
            [*pickers, self.notice, self.report],
            **PRIVATE,
        )
        self.report.click(
            self._pressed,
            [assistant, *pickers],
            [self.notice, self.writing, self.subject, self.wording, self.answer],
            **PRIVATE,
        )
        self.save.click(
            self._save,
            [assistant, *pickers, self.subject, self.wording, self.answer],
            [self.notice, self.writing],
            **PRIVATE,
        )

    def opened(self, assistant_id: str) -> list[Any]:
        """The newest evaluation, when the section is opened."""
        return [*self.values(assistant_id, "", "", ""), gr.update(visible=False)]

    def values(self, assistant_id: str, evaluation: str, before: str, after: str) -> list[Any]:
        """Values for the three pickers, the notice and the report."""
        same = [gr.skip()] * 3
        try:
            assistant = self._services.assistant(assistant_id)
            report = self._report(assistant, evaluation or "", before or "", after or "")
        except InvalidRequest as error:
            if before or after:  # the pair that was chosen is of another evaluation
                return self.values(assistant_id, evaluation, "", "")
            return [*same, notice(str(error)), ""]
        except Exception as error:
            return [*same, notice(sentence_of(error), "bad"), ""]
        known = self._services.workspace.store.evaluations(assistant.id)
        evaluations = [
            (f"{one.question_set}, {moment(one.created_at)}, {one.questions} questions", one.id)
            for one in known
        ]
        kinds = [(NAMES[one.kind], one.id) for one in report.contenders]
        pair = ("", "")
        if report.comparison is not None:
            pair = (report.comparison.before.id, report.comparison.after.id)
        return [
            gr.update(choices=evaluations, value=report.evaluation.id),
            gr.update(choices=kinds, value=pair[0] or None),
            gr.update(choices=kinds, value=pair[1] or None),
            "",
            report_html(report),
        ]

    def _report(
        self, assistant: Assistant, evaluation: str, before: str, after: str
    ) -> ErrorReport:
        workspace = self._services.workspace
        known = workspace.store.evaluations(assistant.id)
        states = "".join(f"{one.id}{one.finished_at}" for one in known)
        generation = str(workspace.corpus(assistant).generation)
        key = (assistant.id, evaluation, before, after, states, generation)
        if not all(one.finished_at for one in known) or key not in self._reports:
            self._reports[key] = error_report(workspace, assistant, evaluation, before, after)
        self._reports.move_to_end(key)
        while len(self._reports) > _KEPT:
            self._reports.popitem(last=False)
        return self._reports[key]

    def _pressed(
        self, event: gr.EventData, assistant_id: str, evaluation: str, before: str, after: str
    ) -> list[Any]:
        data = pressed_data(event)
        same = [gr.skip()] * 4
        try:
            assistant = self._services.assistant(assistant_id)
            report = self._report(assistant, evaluation or "", before or "", after or "")
            chosen = _chosen(report, data.get("chosen", ""))
            if data.get("action") == "example":
                return self._ask_wording(chosen)
            said = self._done(assistant, report, data.get("action", ""), chosen)
        except DuetError as error:
            return [notice(str(error), "bad"), *same]
        except Exception as error:
            return [notice(sentence_of(error), "bad"), *same]
        return [said, gr.update(visible=False), *same[1:]]

    def _done(
        self, assistant: Assistant, report: ErrorReport, action: str, chosen: list[ClassedAnswer]
    ) -> str:
        workspace = self._services.workspace
        questions = [one.evaluated.question for one in chosen]
        if action == "wordings":
            return _written(more_wordings(workspace, assistant, questions))
        if action == "review":
            added = queue_answers(
                workspace.store,
                assistant,
                [one.evaluated for one in chosen],
                "errors",
                report.evaluation.id,
            )
            waits = "They wait under Review." if added else "They were under review already."
            return notice(f"{counted(added, 'answer')} sent to review. {waits}", "good")
        if action == "arena":
            if report.comparison is None:
                raise InvalidRequest(report.reason)
            pair = report.comparison.before.kind, report.comparison.after.kind
            added = offer_in_chat(workspace, assistant, questions, *pair)
            return notice(
                f"{counted(added, 'question')} offered in the chat, for a blind comparison of "
                f"{NAMES[pair[0]]} and {NAMES[pair[1]]}: begin a new chat and press one.",
                "good",
            )
        raise InvalidRequest("This cannot be done with errors.")

    def _ask_wording(self, chosen: list[ClassedAnswer]) -> list[Any]:
        one = chosen[0].evaluated
        said = f"Write the fact of “{one.question.question}” in other words."
        if len(chosen) > 1:
            said += " One question at a time: the first of those ticked."
        return [notice(said), gr.update(visible=True), one.question.id, "", one.reference]

    def _save(
        self,
        assistant_id: str,
        evaluation: str,
        before: str,
        after: str,
        subject: str,
        wording: str,
        answer: str,
    ) -> list[Any]:
        try:
            assistant = self._services.assistant(assistant_id)
            report = self._report(assistant, evaluation or "", before or "", after or "")
            about = next(
                (
                    one.evaluated.question
                    for one in questions_of(report)
                    if one.evaluated.question.id == subject
                ),
                None,
            )
            if about is None:
                raise InvalidRequest("Choose the question first: tick it in the list.")
            workspace = self._services.workspace
            made = add_wording(workspace, assistant, about, wording or "", answer or "")
        except Exception as error:
            return [notice(sentence_of(error), "bad"), gr.skip()]
        said = f"“{made.question}” is among the examples to train on."
        return [notice(said, "good"), gr.update(visible=False)]


def _chosen(report: ErrorReport, numbers: str) -> list[ClassedAnswer]:
    """The ticked answers. Raises InvalidRequest where none is ticked."""
    known = questions_of(report)
    places = sorted({int(part) for part in numbers.split(",") if part.isdecimal()})
    chosen = [known[place] for place in places if place < len(known)]
    if not chosen:
        raise InvalidRequest("Choose the questions first: tick them in the list.")
    return chosen


def _written(made: MoreWordings) -> str:
    parts = [notice(f"{counted(len(made.examples), 'new wording')} written to train on.", "good")]
    parts += [
        notice(f"Refused: “{wording}” repeats the test question “{test}”.", "warn")
        for wording, test in made.refused[:10]
    ]
    parts += [
        notice(f"Passed over: “{question}”: {reason}.", "warn")
        for question, reason in made.passed_over[:10]
    ]
    return "".join(parts)
