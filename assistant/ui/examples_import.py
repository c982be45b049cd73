"""A file of examples: uploaded, checked behind the page, looked at, and then taken in or not."""

from __future__ import annotations

import shutil
import tempfile
import threading
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from assistant.drawing.words import counted
from assistant.errors import Conflict, DuetError
from assistant.interchange.checks import CheckReport, check_file
from assistant.interchange.importing import take_in
from assistant.interchange.masking import masked
from assistant.interchange.preview import preview_examples
from assistant.models import model_here
from assistant.records import Assistant
from assistant.ui.background import Background, Report, work_html
from assistant.ui.dialogs import shown
from assistant.ui.import_html import import_report, plain_preview, preview_html
from assistant.ui.notices import notice, sentence_of
from assistant.ui.services import QUICK, Places, Services, markup, pressed_data

_POLL_SECONDS = 0.4
_NOT_HERE = (
    "The base model is not on this machine yet: once it is, this shows its chat template and the "
    "tokens that are trained."
)


@dataclass(frozen=True, slots=True)
class Held:
    """A file that waits to be taken in. token: of this upload. known: examples that are here."""

    token: str
    path: Path
    report: CheckReport
    known: int


class ExamplesImport:
    """Builds the panel inside the current Blocks, hidden while no file waits.

    One file waits for each assistant, whoever uploaded it: who comes back finds it. It is deleted
    once it is taken in, left, or replaced by another.
    """

    def __init__(self, services: Services, places: Places) -> None:
        self._services = services
        self._places = places
        self.work = Background("duet-import")
        self._held: dict[str, Held] = {}
        self._lock = threading.Lock()
        self.progress = markup(elem_id="import-progress", pressed=False)
        with gr.Column(visible=False, elem_id="import-preview") as self.box:
            self.report = markup(elem_id="import-report", pressed=False)
            self.sample = markup(elem_id="import-sample")
            self.mask = gr.Checkbox(
                False, label="Mask personal data with labels", elem_id="import-mask"
            )
            self.skip = gr.Checkbox(True, label="Leave the faulty rows out", elem_id="import-skip")
            self.notice = markup(elem_id="import-notice", pressed=False)
            with gr.Row(elem_classes="tools"):
                self.take = gr.Button("Take in", variant="primary", elem_id="import-take")
                self.leave = gr.Button("Cancel", elem_id="import-cancel")
        self.token = gr.State("")
        self.timer = gr.Timer(_POLL_SECONDS, active=False)
        self.shown: list[Any] = [
            self.progress,
            self.box,
            self.report,
            self.sample,
            self.mask,
            self.skip,
            self.notice,
            self.take,
            self.token,
            self.timer,
        ]

    def wire(self, upload: gr.UploadButton) -> None:
        """upload: where the file comes from. The tab wires `take`, which changes the list."""
        assistant = self._places.assistant
        upload.upload(self.start, [upload, assistant], self.shown, **QUICK)
        self.timer.tick(self.values, assistant, self.shown, **QUICK)
        self.leave.click(self._left, [self.token, assistant], self.shown, **QUICK)
        self.sample.click(self._sample, [self.token, self.mask, assistant], self.sample, **QUICK)
        self.mask.input(self._masked, [self.token, self.mask, assistant], self.sample, **QUICK)

    def start(self, file: str | None, assistant_id: str) -> list[Any]:
        """Begin to check an uploaded file."""
        if not file:
            return [gr.skip()] * len(self.shown)
        upload = Path(file)
        try:
            assistant = self._services.assistant(assistant_id)
            path = Path(tempfile.mkdtemp(prefix="duet-import-")) / upload.name
            shutil.move(upload, path)

            def action(report: Report, cancelled: threading.Event) -> str:
                report(f"Reading {path.name}", 0.0)
                self._hold(assistant, path)
                return ""

            if not self.work.start(assistant.id, f"Reading {upload.name}", action):
                _discard(path)
                raise Conflict("Another file is being read for this assistant: wait for it first.")
        except (DuetError, OSError) as error:
            upload.unlink(missing_ok=True)
            return [notice(sentence_of(error), "bad"), *self.values(assistant_id)[1:]]
        return self.values(assistant_id)

    def values(self, assistant_id: str) -> list[Any]:
        """A value for each of `shown`."""
        state = self.work.state(assistant_id)
        held = None if state.active else self._held.get(assistant_id)
        progress = work_html(state)
        if held is None:
            hidden = ["", "", gr.skip(), gr.skip(), "", gr.skip(), ""]
            return [progress, shown(False), *hidden, gr.Timer(active=state.active)]
        report, read = held.report, held.report.read
        faults = len(read.faults) if read else 0
        new = report.count - held.known
        label = f"Take in {counted(report.count, 'example')}"
        said = ""
        if not report.count:
            said = notice("Nothing in this file can be taken in as it is.", "bad")
        elif not new:
            said = notice("All of these are here already.")
        return [
            progress,
            shown(True),
            import_report(report, held.known),
            self._sampled(assistant_id, held, 0, mask=bool(report.personal))
            if report.count
            else "",
            gr.update(value=bool(report.personal), visible=bool(report.personal)),
            gr.update(value=True, visible=bool(faults and report.count)),
            said,
            gr.update(value=label, interactive=bool(new)),
            held.token,
            gr.Timer(active=False),
        ]

    def taken(self, token: str, mask: bool, skip: bool, assistant_id: str) -> str:
        """Take the file in; what came of it as a sentence.

        Raises Conflict where another file has been put in its place, ExamplesError.
        """
        assistant = self._services.assistant(assistant_id)
        held = self._waiting(token, assistant_id)
        store = self._services.workspace.store
        taken = take_in(store, assistant, held.path, mask=bool(mask), skip_faulty=bool(skip))
        self._drop(assistant_id, token)
        said = f"{counted(taken.added, 'new example')} taken in from {held.path.name}."
        return " ".join((said, *taken.sentences[len(taken.read.notes) :]))

    def _hold(self, assistant: Assistant, path: Path) -> None:
        """Check a file and let it wait, in the place of an earlier one."""
        try:
            report = check_file(self._services.workspace, assistant, path)
            examples = self._services.workspace.store.examples(assistant.id, rejected=None)
            here = {one.id for one in examples}
            read = report.read
            known = sum(one.id in here for one in read.examples) if read else 0
        except BaseException:
            _discard(path)
            raise
        with self._lock:
            earlier = self._held.get(assistant.id)
            self._held[assistant.id] = Held(uuid.uuid4().hex, path, report, known)
        if earlier is not None:
            _discard(earlier.path)

    def _waiting(self, token: str, assistant_id: str) -> Held:
        held = self._held.get(assistant_id)
        if held is None or held.token != token:
            raise Conflict(
                "This file is not waiting any more: it was taken in, left or replaced in another "
                "window. Import it again if its examples are not in the list."
            )
        return held

    def _left(self, token: str, assistant_id: str) -> list[Any]:
        self._drop(assistant_id, token)
        return self.values(assistant_id)

    def _drop(self, assistant_id: str, token: str) -> None:
        with self._lock:
            held = self._held.get(assistant_id)
            if held is None or held.token != token:
                return
            del self._held[assistant_id]
        _discard(held.path)

    def _sample(self, event: gr.EventData, token: str, mask: bool, assistant_id: str) -> Any:
        data = pressed_data(event)
        number = data.get("id", "")
        if data.get("action") != "sample" or not number.isdecimal():
            return gr.skip()
        return self._shown_sample(token, mask, assistant_id, int(number))

    def _masked(self, token: str, mask: bool, assistant_id: str) -> Any:
        return self._shown_sample(token, mask, assistant_id, 0)

    def _shown_sample(self, token: str, mask: bool, assistant_id: str, number: int) -> str:
        try:
            held = self._waiting(token, assistant_id)
            return self._sampled(assistant_id, held, number, mask=bool(mask))
        except Exception as error:
            return notice(sentence_of(error), "bad")

    def _sampled(self, assistant_id: str, held: Held, number: int, *, mask: bool) -> str:
        read = held.report.read
        if read is None or not read.examples:
            return ""
        examples, workspace = read.examples, self._services.workspace
        number = min(number, len(examples) - 1)
        example = examples[number]
        if mask:
            (example,) = masked([example]).examples
        words = (example.question, example.answer, number, len(examples))
        try:
            assistant = self._services.assistant(assistant_id)
            if model_here(assistant.base_model, workspace.settings.models) is None:
                return plain_preview(*words, _NOT_HERE)
            (preview,) = preview_examples(workspace, assistant, [example])
        except Exception as error:
            return plain_preview(*words, sentence_of(error))
        return preview_html(preview, number, len(examples))


def _discard(path: Path) -> None:
    """Delete an upload with the folder that was made for it."""
    shutil.rmtree(path.parent, ignore_errors=True)
