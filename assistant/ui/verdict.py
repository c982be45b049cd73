"""The verdict at the head of the results tab, its report to take away, and the decision."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from html import escape
from typing import Any

import gradio as gr

from assistant.drawing.tables import press
from assistant.drawing.verdict import lifeline, quality_by_set, recommendation, side_by_side
from assistant.drawing.words import NAMES, moment
from assistant.errors import InvalidRequest
from assistant.records import KINDS, Assistant, ContenderKind, Decision
from assistant.ui.notices import notice, sentence_of
from assistant.ui.services import QUICK, Places, Services, markup, pressed_data
from assistant.verdict.gathering import Verdict, verdict
from assistant.verdict.report import FORMS


def report_address(slug: str, form: str) -> str:
    """Where the report is to be had; form: one of `FORMS`."""
    return f"/downloads/{slug}/report.{form}"


class VerdictSection:
    """Builds the section inside the current Blocks."""

    def __init__(self, services: Services, places: Places) -> None:
        self._services = services
        self.notice = markup(elem_id="verdict-notice", pressed=False)
        self.verdict = markup(elem_id="verdict")
        self.shown: list[Any] = [self.verdict]
        self.decided = self.verdict.click(
            self._pressed, places.assistant, [self.notice, *self.shown], **QUICK
        )

    def values(self, assistant_id: str) -> list[Any]:
        """A value for each of `shown`."""
        try:
            assistant = self._services.assistant(assistant_id)
            made = verdict(self._services.workspace, assistant)
        except Exception as error:
            return [notice(sentence_of(error), "bad")]
        return [verdict_html(made)]

    def _pressed(self, event: gr.EventData, assistant_id: str) -> list[Any]:
        data = pressed_data(event)
        if data.get("action") != "decide":
            return [gr.skip(), gr.skip()]
        try:
            assistant = self._services.assistant(assistant_id)
            self._decide(assistant, data.get("id", ""))
        except Exception as error:
            return [notice(sentence_of(error), "bad"), gr.skip()]
        return ["", *self.values(assistant_id)]

    def _decide(self, assistant: Assistant, chosen: str) -> None:
        kind: ContenderKind | None = next((one for one in KINDS if one == chosen), None)
        if kind is None:
            raise InvalidRequest("There is no such contender: choose one of those shown.")
        workspace = self._services.workspace
        contender = workspace.contender(assistant, kind)
        said = verdict(workspace, assistant).recommendation
        workspace.store.add_decision(
            Decision(
                id=str(uuid.uuid4()),
                assistant_id=assistant.id,
                kind=kind,
                run_id=contender.run_id,
                certainty=said.certainty,
                sentence=said.sentence,
                note="",
                created_at=datetime.now(UTC),
            )
        )


def verdict_html(made: Verdict) -> str:
    """The whole section: the sentence first, then the columns, the line, the decision, the file."""
    contenders = made.evidence.contenders
    links = " ".join(
        f'<a href="{escape(report_address(made.assistant.slug, form))}" download>{form.upper()}</a>'
        for form in FORMS
    )
    return (
        f"{recommendation(made)}{side_by_side(contenders)}{quality_by_set(contenders)}"
        f"{_decision(made)}{lifeline(made.stages)}"
        f'<p class="downloads">All of this as one file: {links}</p>'
    )


def _decision(made: Verdict) -> str:
    """What was decided last, and the buttons to decide anew."""
    able = [one.kind for one in made.evidence.contenders if one.kind != "base"]
    if not able:
        return ""
    presses = "".join(press(f"Use {NAMES[kind]}", "decide", kind) for kind in able)
    last = made.decisions[-1] if made.decisions else None
    said = (
        f"{NAMES[last.kind]} was chosen on {moment(last.created_at)}."
        if last
        else "Nothing was decided yet."
    )
    return (
        f'<div class="decision"><p><strong>Decision:</strong> {escape(said)}</p>'
        f'<span class="presses">{presses}</span></div>'
    )
