"""Taking a run away: what to export, how far it is, what its check found, and where it is."""

from __future__ import annotations

import io
import threading
import zipfile
from html import escape
from typing import Any

import gradio as gr
from fastapi import APIRouter, HTTPException
from starlette.responses import Response

from assistant.drawing.tables import tag
from assistant.drawing.words import size
from assistant.errors import Conflict, DuetError, NotFound
from assistant.exporting.kept import (
    TARGETS,
    KeptExport,
    Target,
    export_to_folder,
    kept_exports,
)
from assistant.ui.background import Background, Report, work_html
from assistant.ui.dialogs import dialog, shown
from assistant.ui.notices import notice, sentence_of
from assistant.ui.services import QUICK, Places, Services, markup, pressed_data
from assistant.workspace import Workspace

ZIPPED = 64_000_000  # bytes up to which an export can be had as one zip file
_POLL_SECONDS = 1.0
_WORDS: dict[Target, str] = {
    "adapter": "Adapter: the LoRA weights alone, a PEFT folder of some MB",
    "merged": "Merged: base model and adapter as one, in safetensors",
    "gguf": "GGUF: the merged model as one file, with an Ollama Modelfile",
    "data": "Training data: the rows that it learned from, with a card",
}


class Exporting:
    """Builds the part inside the current Blocks. panel: the drawer whose press opens it."""

    def __init__(self, services: Services, places: Places, panel: gr.HTML) -> None:
        self._services = services
        self._places = places
        self._panel = panel
        self.work = Background("duet-export")
        self.progress = markup(elem_id="export-progress", pressed=False)
        self.stop = gr.Button("Stop the export", visible=False, elem_id="export-stop")
        self.list = markup(elem_id="exports", pressed=False)
        self.timer = gr.Timer(_POLL_SECONDS, active=False)
        self.subject = gr.State("")
        with dialog("Export this run", "Export", "export-dialog") as parts:
            self.target = gr.Radio(
                [(words, target) for target, words in _WORDS.items()],
                value="adapter",
                label="What",
                info="A model is loaded again and asked ten questions. Nothing is sent anywhere.",
                elem_id="export-target",
            )
        self.asking = parts.dialog
        self.shown: list[Any] = [self.progress, self.stop, self.list, self.timer]

    def wire(self) -> None:
        assistant = self._places.assistant
        opening = [self.subject, self.asking.box, self.asking.notice]
        self._panel.click(self._asked, None, opening, **QUICK)
        self.asking.wire()
        self.asking.sure.click(
            self.start,
            [assistant, self.subject, self.target],
            [self.asking.box, self.asking.notice, *self.shown],
            **QUICK,
        )
        self.stop.click(self._stop, assistant, self.shown, **QUICK)
        self.timer.tick(self.values, assistant, self.shown, **QUICK)

    def values(self, assistant_id: str) -> list[Any]:
        """A value for each of `shown`."""
        try:
            assistant = self._services.assistant(assistant_id)
            listed = exports_html(kept_exports(self._services.workspace, assistant), assistant.slug)
        except Exception as error:
            off = gr.Timer(active=False)
            return [notice(sentence_of(error), "bad"), shown(False), "", off]
        state = self.work.state(assistant.id)
        return [work_html(state), shown(state.active), listed, gr.Timer(active=state.active)]

    def start(self, assistant_id: str, run_id: str, target: str) -> list[Any]:
        """Begin, or say in the dialog why not."""
        try:
            assistant = self._services.assistant(assistant_id)
            wanted = next((one for one in TARGETS if one == target), None)
            if wanted is None:
                raise NotFound("Choose what to export.")
            form: Target = wanted

            def action(report: Report, cancelled: threading.Event) -> str:
                made = export_to_folder(
                    self._services.workspace, assistant, run_id, form, report, cancelled
                )
                return f"Exported to {made.folder}. {_found(made)}"

            if not self.work.start(assistant.id, "Beginning the export", action):
                raise Conflict("An export of this assistant is going already: wait or stop it.")
        except Exception as error:
            said = notice(sentence_of(error), "bad")
            return [gr.skip(), said, *[gr.skip()] * len(self.shown)]
        return [shown(False), "", *self.values(assistant_id)]

    def _asked(self, event: gr.EventData) -> list[Any]:
        data = pressed_data(event)
        if data.get("action") != "run-export":
            return [gr.skip()] * 3
        return [data.get("id", ""), shown(True), ""]

    def _stop(self, assistant_id: str) -> list[Any]:
        self.work.stop(assistant_id)
        return self.values(assistant_id)


def exports_html(exports: list[KeptExport], slug: str) -> str:
    """What is there: where, how large, and what its check found; "" for nothing."""
    if not exports:
        return ""
    items = "".join(_item(one, slug) for one in exports)
    return f'<h3 class="section">Exports</h3><div class="exported">{items}</div>'


def zip_address(slug: str, name: str) -> str:
    """Where a small export is to be had as one file."""
    return f"/downloads/{slug}/exports/{name}.zip"


def router(workspace: Workspace) -> APIRouter:
    """The route of `zip_address`."""
    routes = APIRouter()

    @routes.get(zip_address("{slug}", "{name}"))
    def zipped(slug: str, name: str) -> Response:
        try:
            known = kept_exports(workspace, workspace.assistant(slug))
        except DuetError as error:
            raise HTTPException(404, str(error)) from error
        made = next((one for one in known if one.name == name), None)
        if made is None or made.bytes > ZIPPED:
            raise HTTPException(404, "There is no such export, or it is too large for one file.")
        written = io.BytesIO()
        with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as file:
            for path in sorted(made.folder.iterdir()):
                file.write(path, f"{made.name}/{path.name}")
        attached = f'attachment; filename="{made.name}.zip"'
        headers = {"Content-Disposition": attached}
        return Response(written.getvalue(), media_type="application/zip", headers=headers)

    return routes


def _item(one: KeptExport, slug: str) -> str:
    differing = [answer for answer in one.checked if not answer.equal]
    tone = "warn" if one.unchecked or differing else "good"
    word = "" if one.target == "data" else tag(_found(one), tone)
    files = "".join(f"<li>{escape(name)} <small>{size(n)}</small></li>" for name, n in one.files)
    link = ""
    if one.bytes <= ZIPPED:
        address = escape(zip_address(slug, one.name))
        link = f'<p class="downloads"><a download href="{address}">Download as zip</a></p>'
    told = "".join(
        f"<li><b>{escape(answer.question)}</b><p>App: {escape(answer.app)}</p>"
        f"<p>Export: {escape(answer.export)}</p></li>"
        for answer in differing
    )
    more = f"<details><summary>Answers that differ</summary><ul>{told}</ul></details>"
    return (
        f'<section class="run"><h3><span class="name">{escape(one.name)}</span></h3>{word}'
        f'<p class="quiet">{escape(str(one.folder))}</p><ul class="plain">{files}</ul>'
        f"{more if told else ''}{link}</section>"
    )


def _found(one: KeptExport) -> str:
    """What its check found, in a sentence."""
    if one.target == "data":
        return ""
    if one.unchecked:
        return one.unchecked
    equal = sum(answer.equal for answer in one.checked)
    return f"{equal} of {len(one.checked)} answers are word for word those of the app."
