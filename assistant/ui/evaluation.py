"""The part of the results tab that starts evaluations and shows them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from assistant.drawing.words import NAMES
from assistant.errors import DuetError, InvalidRequest, NotFound
from assistant.evaluation.planning import Plan, plan
from assistant.evaluation.question_sets import OWN_SETS, read_question_set
from assistant.evaluation.records import Evaluation
from assistant.records import KINDS, Assistant
from assistant.ui.dialogs import dialog, shown
from assistant.ui.evaluating import Evaluator
from assistant.ui.evaluation_html import estimate_html, evaluating_html, evaluations_html
from assistant.ui.notices import notice, sentence_of
from assistant.ui.services import QUICK, Places, Services, markup, pressed_data

_POLL_SECONDS = 1.0
_SHOWN = 20
_SETS = {
    "all": "All own tests",
    "recall": "Recall: trained facts, other wordings",
    "generalisation": "Generalisation: sections not trained on",
    "out_of_scope": "Out of scope: what the documents do not say",
}


class EvaluationSection:
    """Builds the section inside the current Blocks."""

    def __init__(self, services: Services, places: Places) -> None:
        self._services = services
        self._places = places
        self.evaluator = Evaluator(services.workspace)
        self._build()
        self.shown: list[Any] = [
            self.questions,
            self.stop,
            self.status,
            self.results,
            self.timer,
            self.estimate,
        ]
        self._wire()

    def _build(self) -> None:
        with gr.Row(elem_classes="tools"):
            self.questions = gr.Dropdown(
                choices=[(_SETS[name], name) for name in OWN_SETS],
                value="all",
                label="Questions",
                elem_id="evaluation-questions",
            )
            self.limit = gr.Number(
                value=40,
                precision=0,
                minimum=1,
                label="At most",
                elem_id="evaluation-limit",
            )
        self.kinds = gr.CheckboxGroup(
            choices=[(NAMES[kind], kind) for kind in KINDS],
            value=list(KINDS),
            label="Contenders",
            elem_id="evaluation-contenders",
        )
        with gr.Row(elem_classes="tools"):
            self.start = gr.Button("Evaluate", variant="primary", elem_id="evaluation-start")
            self.file = gr.UploadButton(
                "Import a question file (JSONL)", file_types=[".jsonl"], elem_id="evaluation-file"
            )
            self.stop = gr.Button("Stop and keep", visible=False, elem_id="evaluation-stop")
        self.estimate = markup(elem_id="evaluation-estimate", pressed=False)
        self.notice = markup(elem_id="evaluation-notice", pressed=False)
        self.status = markup(elem_id="evaluation-status", pressed=False)
        self.results = markup(elem_id="evaluations")
        self.subject = gr.State("")
        with dialog("Delete evaluation", "Delete", "evaluation-delete", danger=True) as parts:
            pass
        self.deleting = parts.dialog
        self.timer = gr.Timer(_POLL_SECONDS, active=False)

    def _wire(self) -> None:
        assistant = self._places.assistant
        self.start.click(
            self._start,
            [assistant, self.questions, self.limit, self.kinds],
            [self.notice, *self.shown],
            **QUICK,
        )
        self.file.upload(self._import, [self.file, assistant], [self.notice, *self.shown], **QUICK)
        self.stop.click(self._stop, assistant, self.shown, **QUICK)
        self.timer.tick(self._polled, assistant, self.shown, **QUICK)
        chosen = [assistant, self.questions, self.limit, self.kinds]
        gr.on(
            [self.questions.change, self.limit.change, self.kinds.change],
            self._estimated,
            chosen,
            self.estimate,
            **QUICK,
        )
        self.results.click(
            self._asked,
            assistant,
            [self.subject, self.deleting.box, self.deleting.notice],
            **QUICK,
        )
        self.deleting.wire()
        self.deleting.sure.click(
            self._delete,
            [self.subject, assistant],
            [self.deleting.box, self.notice, *self.shown],
            **QUICK,
        )

    def values(self, assistant_id: str) -> list[Any]:
        """A value for each of `shown`."""
        try:
            assistant = self._services.assistant(assistant_id)
            found = self._services.workspace.store.evaluations(assistant.id)[:_SHOWN]
            choices = self._choices(assistant)
        except Exception as error:
            hidden = gr.update(visible=False)
            return [
                gr.skip(),
                hidden,
                "",
                notice(sentence_of(error), "bad"),
                gr.Timer(active=False),
                "",
            ]
        state = self.evaluator.state(assistant.id)
        return [
            gr.update(choices=choices),
            gr.update(visible=state.active),
            evaluating_html(state),
            evaluations_html(found, assistant.slug, assistant.profile.emphasis),
            gr.Timer(active=state.active),
            gr.skip(),
        ]

    def _polled(self, assistant_id: str) -> list[Any]:
        """While it is going only the progress changes."""
        state = self.evaluator.state(assistant_id)
        if not state.active:
            return self.values(assistant_id)
        same = [gr.skip()] * (len(self.shown) - 3)
        return [gr.skip(), gr.skip(), evaluating_html(state), *same]

    def _estimated(
        self, assistant_id: str, questions: str, limit: float | None, kinds: Sequence[str]
    ) -> str:
        """What the chosen evaluation would take; nothing where it could not begin."""
        try:
            assistant = self._services.assistant(assistant_id)
            planned = self._planned(assistant, questions or "all", limit, kinds or ())
            earlier = self._services.workspace.store.evaluations(assistant.id)
        except DuetError:
            return ""
        answers = len(planned.questions.questions) * len(planned.contenders)
        return estimate_html(answers, seconds_for_one(earlier))

    def _asked(self, event: gr.EventData, assistant_id: str) -> list[Any]:
        data = pressed_data(event)
        if data.get("action") != "delete":
            return [gr.skip()] * 3
        asked = "Delete this evaluation with its answers and scores? This cannot be undone."
        return [data.get("id", ""), shown(True), notice(asked, "warn")]

    def _delete(self, evaluation_id: str, assistant_id: str) -> list[Any]:
        try:
            assistant = self._services.assistant(assistant_id)
            store = self._services.workspace.store
            if store.evaluation(evaluation_id).assistant_id != assistant.id:
                raise NotFound("There is no such evaluation here: look at the list again.")
            store.delete_evaluation(evaluation_id)
            said = notice("The evaluation was deleted.", "good")
        except Exception as error:
            said = notice(sentence_of(error), "bad")
        return [shown(False), said, *self.values(assistant_id)]

    def _choices(self, assistant: Assistant) -> list[tuple[str, str]]:
        imported = self._services.workspace.store.question_sets(assistant.id)
        own = [(_SETS[name], str(name)) for name in OWN_SETS]
        return own + [(f"{one.name}: {len(one.questions)}", one.sha256) for one in imported]

    def _start(
        self, assistant_id: str, questions: str, limit: float | None, kinds: Sequence[str]
    ) -> list[Any]:
        said = ""
        try:
            assistant = self._services.assistant(assistant_id)
            planned = self._planned(assistant, questions or "all", limit, kinds or ())
            if not self.evaluator.start(assistant, planned):
                said = notice("An evaluation is going already: wait until it is done, or stop it.")
        except Exception as error:
            said = notice(sentence_of(error), "bad")
        return [said, *self.values(assistant_id)]

    def _planned(
        self, assistant: Assistant, questions: str, limit: float | None, kinds: Sequence[str]
    ) -> Plan:
        chosen = [kind for kind in KINDS if kind in kinds]
        own = next((name for name in OWN_SETS if name == questions), None)
        if limit is not None and limit < 1:
            raise InvalidRequest("Ask at least one question.")
        return plan(
            self._services.workspace,
            assistant,
            chosen,
            own=own or "all",
            imported="" if own else questions,
            limit=None if limit is None else int(limit),
        )

    def _import(self, file: str | None, assistant_id: str) -> list[Any]:
        if not file:
            return [gr.skip()] * (1 + len(self.shown))
        path = Path(file)
        try:
            assistant = self._services.assistant(assistant_id)
            read = read_question_set(path)
            new = self._services.workspace.store.add_question_set(assistant.id, read)
            said = (
                f"{read.name}: {len(read.questions)} questions, kept out of training from now on."
            )
            tone = notice(said if new else f"{read.name} was here already.", "good")
        except Exception as error:
            tone = notice(sentence_of(error), "bad")
        finally:
            path.unlink(missing_ok=True)
        return [tone, *self.values(assistant_id)]

    def _stop(self, assistant_id: str) -> list[Any]:
        self.evaluator.stop(assistant_id)
        return self.values(assistant_id)


def seconds_for_one(earlier: Sequence[Evaluation]) -> float | None:
    """Of generating an answer, from the newest evaluation that is done; None without one."""
    for one in earlier:
        answers = one.questions * len(one.contenders)
        if one.finished_at is not None and one.seconds and answers:
            return one.seconds / answers
    return None
