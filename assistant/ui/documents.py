"""The documents tab: files in, what became of each, the passages as cut, and a search."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import gradio as gr

from assistant.drawing.words import counted
from assistant.errors import DuetError, documents_mapped
from assistant.records import Assistant
from assistant.ui.background import Background, Report, work_html
from assistant.ui.dialogs import dialog, shown
from assistant.ui.documents_embedder import EmbedderSection
from assistant.ui.documents_html import (
    FILTERS,
    View,
    document_table,
    formats_html,
    indexing_html,
    locked_html,
)
from assistant.ui.indexing import Indexer
from assistant.ui.notices import notice, sentence_of
from assistant.ui.page_pictures import picture_address
from assistant.ui.passages import drawable, drawer, found_list, passages_as_cut
from assistant.ui.retrieval import RetrievalSection
from assistant.ui.services import QUICK, Places, Services, markup, pressed_data
from retrieval.documents import Document
from retrieval.self_check import check_documents

_POLL_SECONDS = 0.5
_FOUND = 8


class DocumentsTab:
    """Builds the tab inside the current Blocks."""

    def __init__(self, services: Services, places: Places, panel: gr.HTML) -> None:
        self._services = services
        self._places = places
        self._panel = panel
        self.indexer = Indexer(services.workspace)
        self.checks = Background("duet-self-check")
        self._build()
        self.view: list[Any] = [self.filter_name, self.filter_state, self.page]
        self.shown: list[Any] = [
            self.progress,
            self.cancel,
            self.locked,
            self.locked_text,
            self.checking,
            self.stop_check,
            self.table,
            self.timer,
        ]
        self._wire()

    def _build(self) -> None:
        self.drop = gr.File(
            label="Drop documents here, or press to choose: PDF, Word, PowerPoint, Excel, "
            "web pages, e-mail, text, code, zip",
            file_count="multiple",
            height=150,
            elem_id="drop",
        )
        gr.HTML(formats_html(), apply_default_css=False)
        self.notice = markup(elem_id="documents-notice", pressed=False)
        self.progress = markup(elem_id="indexing", pressed=False)
        self.cancel = gr.Button(
            "Stop after this file", size="sm", visible=False, elem_id="indexing-stop"
        )
        self._build_locked()
        with gr.Row(elem_classes="tools"):
            self.query = gr.Textbox(
                label="Search inside the documents",
                placeholder="Search inside the documents",
                container=False,
                max_lines=1,
                max_length=1000,
                elem_id="search",
            )
            self.search = gr.Button("Search", elem_id="search-go")
        with gr.Row(elem_classes="tools filters"):
            self.filter_name = gr.Textbox(
                label="Name",
                placeholder="Part of a name",
                max_lines=1,
                max_length=300,
                elem_id="documents-name",
            )
            self.filter_state = gr.Dropdown(
                [(said, name) for name, said in FILTERS.items()],
                value="all",
                label="State",
                filterable=False,
                elem_id="documents-state",
            )
            self.check = gr.Button("Check all", elem_id="check-all")
            self.stop_check = gr.Button("Stop checking", visible=False, elem_id="check-stop")
        self.checking = markup(elem_id="checking", pressed=False)
        self.table = markup(elem_id="documents")
        self.page = gr.State(0)
        self.timer = gr.Timer(_POLL_SECONDS, active=False)
        self.subject = gr.State("")
        with dialog("Remove document", "Remove", "remove-dialog", danger=True) as parts:
            pass
        self.remove = parts.dialog
        self.embedder = EmbedderSection(self._services, self._places)
        self.retrieval = RetrievalSection(self._services, self._places)

    def _build_locked(self) -> None:
        """The place of a file that asks for a password, hidden where there is none."""
        with gr.Column(visible=False, elem_id="locked") as self.locked:
            self.locked_text = markup(pressed=False)
            with gr.Row(elem_classes="tools"):
                self.password = gr.Textbox(
                    label="Password",
                    type="password",
                    max_lines=1,
                    max_length=1000,
                    elem_id="password",
                )
                self.unlock = gr.Button("Open with it", variant="primary", elem_id="unlock")
                self.dismiss = gr.Button("Leave it out", elem_id="dismiss")

    def _wire(self) -> None:
        assistant = self._places.assistant
        where = [assistant, *self.view]
        self.drop.upload(
            self._add, [self.drop, *where], [self.drop, self.notice, *self.shown], **QUICK
        )
        self.cancel.click(self._cancel, where, self.shown, **QUICK)
        self.timer.tick(self.values, where, self.shown, **QUICK)
        gr.on(
            [self.password.submit, self.unlock.click],
            self._unlock,
            [self.password, *where],
            [self.password, self.notice, *self.shown],
            **QUICK,
        )
        self.dismiss.click(self._dismiss, where, [self.notice, *self.shown], **QUICK)
        gr.on(
            [self.filter_name.change, self.filter_state.change],
            self._filtered,
            where[:-1],
            [self.page, self.table],
            **QUICK,
        )
        self.table.click(self._turned, where[:-1], [self.page, self.table], **QUICK)
        self.check.click(self._check, where, [self.notice, *self.shown], **QUICK)
        self.stop_check.click(self._stop_check, where, self.shown, **QUICK)
        gr.on(
            [self.query.submit, self.search.click],
            self._search,
            [self.query, assistant],
            [self._panel, self.notice],
            **QUICK,
        )
        self.table.click(
            self._pressed,
            assistant,
            [self._panel, self.subject, self.remove.box, self.remove.notice, self.notice],
            **QUICK,
        )
        self.remove.wire()
        self.removed = self.remove.sure.click(
            self._remove,
            [self.subject, *where],
            [self.remove.box, self.notice, self._panel, *self.shown],
            **QUICK,
        )

    def values(
        self, assistant_id: str, name: str = "", state: str = "all", page: int = 0
    ) -> list[Any]:
        """A value for each of `shown`; name, state and page are those of the `view`."""
        try:
            assistant = self._services.assistant(assistant_id)
            indexing = self.indexer.state(assistant.id)
            check = self.checks.state(assistant.id)
            with documents_mapped():
                documents = self._services.workspace.corpus(assistant).documents()
        except Exception as error:
            said = notice(sentence_of(error), "bad")
            hidden = [shown(False), shown(False), "", "", shown(False), ""]
            return [said, *hidden, gr.Timer(active=False)]
        return [
            indexing_html(indexing),
            shown(indexing.active),
            shown(bool(indexing.locked) and not indexing.active),
            locked_html(indexing.locked),
            work_html(check),
            shown(check.active),
            document_table(documents, View(name or "", state or "all", page)),
            gr.Timer(active=indexing.active or check.active),
        ]

    def _filtered(self, assistant_id: str, name: str, state: str) -> tuple[int, Any]:
        return 0, self.values(assistant_id, name, state)[-2]

    def _turned(
        self, event: gr.EventData, assistant_id: str, name: str, state: str
    ) -> tuple[Any, Any]:
        data = pressed_data(event)
        page = data.get("id", "")
        if data.get("action") != "page" or not page.isdecimal():
            return gr.skip(), gr.skip()
        return int(page), self.values(assistant_id, name, state, int(page))[-2]

    def _add(self, files: list[str] | None, assistant_id: str, *view: Any) -> list[Any]:
        said = ""
        try:
            assistant = self._services.assistant(assistant_id)
            self.indexer.add(assistant, [Path(file) for file in files or []])
        except Exception as error:
            said = notice(sentence_of(error), "bad")
        return [None, said, *self.values(assistant_id, *view)]

    def _unlock(self, password: str, assistant_id: str, *view: Any) -> list[Any]:
        said = ""
        try:
            assistant = self._services.assistant(assistant_id)
            locked = self.indexer.state(assistant.id).locked
            if not password:
                said = notice("Write the password first.")
            elif not locked or not self.indexer.unlock(assistant, locked[0].name, password):
                said = notice("That file is not waiting any more: add it again.", "warn")
        except Exception as error:
            said = notice(sentence_of(error), "bad")
        return ["", said, *self.values(assistant_id, *view)]

    def _dismiss(self, assistant_id: str, *view: Any) -> list[Any]:
        said = ""
        locked = self.indexer.state(assistant_id).locked
        if locked:
            self.indexer.dismiss(assistant_id, locked[0].name)
            said = notice(f"{locked[0].name} was left out.")
        return [said, *self.values(assistant_id, *view)]

    def _cancel(self, assistant_id: str, *view: Any) -> list[Any]:
        self.indexer.cancel(assistant_id)
        return self.values(assistant_id, *view)

    def _check(self, assistant_id: str, *view: Any) -> list[Any]:
        said = ""
        try:
            assistant = self._services.assistant(assistant_id)

            def action(report: Report, cancelled: threading.Event) -> str:
                workspace = self._services.workspace
                checked = check_documents(
                    workspace.retriever(assistant),
                    workspace.corpus(assistant).documents(),
                    progress=lambda name, done, total: report(
                        f"Self-check: {done:,} of {total:,}", done / max(total, 1)
                    ),
                    cancelled=cancelled,
                )
                return f"Self-check: {checked.sentence}"

            if not self.checks.start(assistant.id, "Self-check", action):
                said = notice("A self-check is going already.")
        except Exception as error:
            said = notice(sentence_of(error), "bad")
        return [said, *self.values(assistant_id, *view)]

    def _stop_check(self, assistant_id: str, *view: Any) -> list[Any]:
        self.checks.stop(assistant_id)
        return self.values(assistant_id, *view)

    def _search(self, question: str, assistant_id: str) -> tuple[Any, Any]:
        question = (question or "").strip()
        if not question:
            return gr.skip(), notice("Write what to search for first.")
        try:
            assistant = self._services.assistant(assistant_id)
            with documents_mapped():
                hits = self._services.workspace.retriever(assistant).search(question, _FOUND)
        except Exception as error:
            return gr.skip(), notice(sentence_of(error), "bad")
        found = counted(len(hits), "passage") + ", best first"
        return drawer(f"Search: {question}", found, found_list(hits, question)), ""

    def _pressed(self, event: gr.EventData, assistant_id: str) -> list[Any]:
        data = pressed_data(event)
        same: list[Any] = [gr.skip()] * 5
        if data.get("action") == "page":
            return same
        try:
            assistant = self._services.assistant(assistant_id)
            with documents_mapped():
                document = self._services.workspace.corpus(assistant).document(data.get("id", ""))
                if data.get("action") == "passages":
                    return [self._as_cut(assistant, document), *same[1:]]
        except Exception as error:
            return [*same[:-1], notice(sentence_of(error), "bad")]
        asked = (
            f"Remove {document.name}? Its passages can no longer be found or cited; "
            "answers given before keep theirs."
        )
        return [gr.skip(), document.id, shown(True), notice(asked, "warn"), ""]

    def _as_cut(self, assistant: Assistant, document: Document) -> str:
        corpus = self._services.workspace.corpus(assistant)
        passages = corpus.passages(document.id)

        def picture(page: int) -> str:
            return picture_address(assistant.slug, document.id, document.version, page)

        body = passages_as_cut(passages, document, corpus.text(document.id), picture)
        cut = f"{counted(len(passages), 'passage')}, as cut for searching"
        return drawer(document.name, cut, body, wide=drawable(document))

    def _remove(self, document_id: str, assistant_id: str, *view: Any) -> list[Any]:
        try:
            corpus = self._services.workspace.corpus(self._services.assistant(assistant_id))
            with documents_mapped():
                document = corpus.remove(document_id)
            said = notice(f"{document.name} was removed.", "good")
        except DuetError as error:
            said = notice(str(error), "bad")
        return [shown(False), said, "", *self.values(assistant_id, *view)]
