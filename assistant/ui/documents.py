"""The documents tab: files in, what became of each, the passages as cut, and a search."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr

from assistant.drawing.words import counted
from assistant.errors import DuetError, documents_mapped
from assistant.records import Assistant
from assistant.ui.dialogs import dialog, shown
from assistant.ui.documents_html import document_table, indexing_html
from assistant.ui.indexing import Indexer
from assistant.ui.notices import notice, sentence_of
from assistant.ui.page_pictures import picture_address
from assistant.ui.passages import drawable, drawer, found_list, passages_as_cut
from assistant.ui.services import QUICK, Places, Services, markup, pressed_data
from retrieval.documents import Document
from retrieval.loaders.formats import FORMATS_LINE

_POLL_SECONDS = 0.5
_FOUND = 8


class DocumentsTab:
    """Builds the tab inside the current Blocks."""

    def __init__(self, services: Services, places: Places, panel: gr.HTML) -> None:
        self._services = services
        self._places = places
        self._panel = panel
        self.indexer = Indexer(services.workspace)
        self._build()
        self.shown: list[Any] = [self.progress, self.cancel, self.table, self.timer]
        self._wire()

    def _build(self) -> None:
        self.drop = gr.File(
            label=f"Drop documents here, or press to choose: {FORMATS_LINE}",
            file_count="multiple",
            height=132,
            elem_id="drop",
        )
        self.notice = markup(elem_id="documents-notice", pressed=False)
        self.progress = markup(elem_id="indexing", pressed=False)
        self.cancel = gr.Button(
            "Stop after this file", size="sm", visible=False, elem_id="indexing-stop"
        )
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
        self.table = markup(elem_id="documents")
        self.timer = gr.Timer(_POLL_SECONDS, active=False)
        self.subject = gr.State("")
        with dialog("Remove document", "Remove", "remove-dialog", danger=True) as parts:
            pass
        self.remove = parts.dialog

    def _wire(self) -> None:
        assistant = self._places.assistant
        self.drop.upload(
            self._add, [self.drop, assistant], [self.drop, self.notice, *self.shown], **QUICK
        )
        self.cancel.click(self._cancel, assistant, self.shown, **QUICK)
        self.timer.tick(self.values, assistant, self.shown, **QUICK)
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
            [self.subject, assistant],
            [self.remove.box, self.notice, self._panel, *self.shown],
            **QUICK,
        )

    def values(self, assistant_id: str) -> list[Any]:
        """A value for each of `shown`."""
        try:
            assistant = self._services.assistant(assistant_id)
            state = self.indexer.state(assistant.id)
            with documents_mapped():
                documents = self._services.workspace.corpus(assistant).documents()
        except Exception as error:
            return [notice(sentence_of(error), "bad"), shown(False), "", gr.Timer(active=False)]
        return [
            indexing_html(state),
            gr.update(visible=state.active),
            document_table(documents),
            gr.Timer(active=state.active),
        ]

    def _add(self, files: list[str] | None, assistant_id: str) -> list[Any]:
        said = ""
        try:
            assistant = self._services.assistant(assistant_id)
            self.indexer.add(assistant, [Path(file) for file in files or []])
        except Exception as error:
            said = notice(sentence_of(error), "bad")
        return [None, said, *self.values(assistant_id)]

    def _cancel(self, assistant_id: str) -> list[Any]:
        self.indexer.cancel(assistant_id)
        return self.values(assistant_id)

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

    def _remove(self, document_id: str, assistant_id: str) -> list[Any]:
        try:
            corpus = self._services.workspace.corpus(self._services.assistant(assistant_id))
            with documents_mapped():
                document = corpus.remove(document_id)
            said = notice(f"{document.name} was removed.", "good")
        except DuetError as error:
            said = notice(str(error), "bad")
        return [shown(False), said, "", *self.values(assistant_id)]
