"""The examples tab: what a model is trained on, written, imported or made from the documents."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr

from assistant.drawing.words import counted
from assistant.errors import InvalidRequest, NotFound
from assistant.prompts import NOT_IN_DOCUMENTS
from assistant.records import Assistant, Example, SplitName, example_id
from assistant.ui.dialogs import dialog, shown
from assistant.ui.examples_html import PAGE, SOURCES, SPLITS, example_table, filtered, summary
from assistant.ui.notices import notice, progress, sentence_of
from assistant.ui.services import PRIVATE, QUICK, Places, Services, markup, pressed_data

_ALL = ("All", "")


class ExamplesTab:
    """Builds the tab inside the current Blocks."""

    def __init__(self, services: Services, places: Places) -> None:
        self._services = services
        self._places = places
        self._build()
        self.shown: list[Any] = [self.summary, self.table]
        self.filters: list[Any] = [self.words, self.split, self.source]
        self._wire()

    def _build(self) -> None:
        with gr.Row(elem_classes="tools"):
            self.write = gr.Button(
                "Write from the documents", variant="primary", elem_id="write-examples"
            )
            self.upload = gr.UploadButton(
                "Import a file",
                file_types=[".jsonl", ".json", ".csv", ".tsv"],
                elem_id="import-examples",
            )
            self.new = gr.Button("Add by hand", elem_id="add-example")
        gr.HTML(
            '<p class="quiet">Import JSONL or CSV with the columns question and answer.</p>',
            apply_default_css=False,
        )
        self.notice = markup(elem_id="examples-notice", pressed=False)
        self.summary = markup(elem_id="examples-summary", pressed=False)
        with gr.Row(elem_classes="tools filters"):
            self.words = gr.Textbox(
                label="Words", placeholder="Filter by words", elem_id="filter-words", max_lines=1
            )
            self.split = gr.Dropdown(
                [_ALL, *((name, split) for split, name in SPLITS.items())],
                value="",
                label="Use",
                filterable=False,
                elem_id="filter-split",
            )
            self.source = gr.Dropdown(
                [_ALL, *((name, source) for source, name in SOURCES.items())],
                value="",
                label="From",
                filterable=False,
                elem_id="filter-source",
            )
        self.table = markup(elem_id="examples")
        self.subject = gr.State("")
        self._build_dialogs()

    def _build_dialogs(self) -> None:
        with dialog("Example", "Save", "example-dialog") as parts:
            self.question = gr.Textbox(
                label="Question", lines=2, max_length=8000, elem_id="example-question"
            )
            self.answer = gr.Textbox(
                label="Reference answer", lines=3, max_length=8000, elem_id="example-answer"
            )
            self.answerable = gr.Checkbox(
                True, label="The documents answer this", elem_id="example-answerable"
            )
            self.use = gr.Dropdown(
                [(name, split) for split, name in SPLITS.items()],
                value="train",
                label="Use",
                filterable=False,
                elem_id="example-split",
            )
        self.edit = parts.dialog
        with dialog("Delete example", "Delete", "example-delete", danger=True) as parts:
            pass
        self.delete = parts.dialog

    def _wire(self) -> None:
        assistant = self._places.assistant
        outputs = [self.notice, *self.shown]
        wrote = self.write.click(
            self._write, [assistant, *self.filters], [self.write, *outputs], **PRIVATE
        )
        imported = self.upload.upload(
            self._import, [self.upload, assistant, *self.filters], outputs, **PRIVATE
        )
        gr.on(
            [self.words.input, self.split.input, self.source.input],
            self.values,
            [assistant, *self.filters],
            self.shown,
            trigger_mode="always_last",
            **QUICK,
        )
        fields = [self.question, self.answer, self.answerable, self.use]
        opened = [self.subject, self.edit.box, self.edit.notice, *fields]
        self.new.click(lambda: ["", shown(True), "", "", "", True, "train"], None, opened, **QUICK)
        self.table.click(
            self._pressed,
            [assistant, *self.filters],
            [*opened, self.delete.box, self.delete.notice, *self.shown],
            **QUICK,
        )
        for box in (self.edit, self.delete):
            box.wire()
        saved = self.edit.sure.click(
            self._save,
            [assistant, self.subject, *fields, *self.filters],
            [self.edit.box, self.edit.notice, *outputs],
            **QUICK,
        )
        deleted = self.delete.sure.click(
            self._delete,
            [assistant, self.subject, *self.filters],
            [self.delete.box, *outputs],
            **QUICK,
        )
        self.changed = (wrote, imported, saved, deleted)

    def values(self, assistant_id: str, *filters: str, page: int = 0) -> list[Any]:
        """A value for each of `shown`. filters: words, split and source, "" taking any."""
        try:
            assistant = self._services.assistant(assistant_id)
            examples = self._services.workspace.store.examples(assistant.id)
        except Exception as error:
            return ["", notice(sentence_of(error), "bad")]
        words, split, source = (value or "" for value in filters or ("", "", ""))
        found = filtered(examples, words, split, source)
        page = max(0, min(page, (len(found) - 1) // PAGE))
        return [summary(examples), example_table(found, page, len(examples))]

    def _write(self, assistant_id: str, *filters: str) -> Iterator[list[Any]]:
        same = [gr.skip()] * len(self.shown)
        waiting = progress("Writing examples from the documents", None)
        yield [gr.update(interactive=False), waiting, *same]
        try:
            assistant = self._services.assistant(assistant_id)
            written = self._services.workspace.write_examples(assistant)
            said = f"{counted(written.added, 'new example')} written from the documents."
            if not written.added:
                said = "Nothing new: the examples written from these documents are all here."
            tone = notice(f"{said} {written.note}".strip(), "good")
        except Exception as error:
            tone = notice(sentence_of(error), "bad")
        yield [gr.update(interactive=True), tone, *self.values(assistant_id, *filters)]

    def _import(self, file: str | None, assistant_id: str, *filters: str) -> list[Any]:
        if not file:
            return [gr.skip()] * (1 + len(self.shown))
        path = Path(file)
        try:
            assistant = self._services.assistant(assistant_id)
            count = self._services.workspace.import_examples(assistant, path)
            said = notice(f"{counted(count, 'new example')} taken in from {path.name}.", "good")
        except Exception as error:
            said = notice(sentence_of(error), "bad")
        finally:
            path.unlink(missing_ok=True)
        return [said, *self.values(assistant_id, *filters)]

    def _pressed(self, event: gr.EventData, assistant_id: str, *filters: str) -> list[Any]:
        data = pressed_data(event)
        same: list[Any] = [gr.skip()] * (7 + 2 + len(self.shown))
        item = data.get("id", "")
        if data.get("action") == "page":
            page = int(item) if item.isdigit() else 0
            same[9:] = self.values(assistant_id, *filters, page=page)
            return same
        try:
            example = self._example(self._services.assistant(assistant_id), item)
        except Exception as error:
            same[9:] = [gr.skip(), notice(sentence_of(error), "bad")]
            return same
        if data.get("action") == "delete":
            asked = notice(f"Delete the example “{example.question}”?", "warn")
            same[0], same[7:9] = example.id, [shown(True), asked]
            return same
        same[:7] = [
            example.id,
            shown(True),
            "",
            example.question,
            example.answer,
            example.answerable,
            example.split,
        ]
        return same

    def _save(
        self,
        assistant_id: str,
        item: str,
        question: str,
        answer: str,
        answerable: bool,
        split: SplitName,
        *filters: str,
    ) -> list[Any]:
        same = [gr.skip()] * (1 + len(self.shown))
        try:
            assistant = self._services.assistant(assistant_id)
            said = self._saved(assistant, item, question, answer, answerable, split)
        except Exception as error:
            return [gr.skip(), notice(sentence_of(error), "bad"), *same]
        return [shown(False), "", notice(said, "good"), *self.values(assistant_id, *filters)]

    def _saved(
        self,
        assistant: Assistant,
        item: str,
        question: str,
        answer: str,
        answerable: bool,
        split: SplitName,
    ) -> str:
        question, answer = (question or "").strip(), (answer or "").strip()
        if not answerable:
            answer = NOT_IN_DOCUMENTS
        if not question or not answer:
            raise InvalidRequest("Write both the question and the answer; nothing was saved.")
        if split not in SPLITS:
            raise InvalidRequest("Choose what the example is used for.")
        store = self._services.workspace.store
        made = Example(
            id=example_id(question, answer),
            question=question,
            answer=answer,
            source="written",
            split=split,
            answerable=bool(answerable),
            method="by hand",
        )
        if not item:
            return (
                "Example added."
                if store.add_examples(assistant.id, [made])
                else ("This example was here already.")
            )
        before = self._example(assistant, item)
        changed = replace(
            before,
            id=made.id,
            question=question,
            answer=answer,
            split=split,
            answerable=made.answerable,
        )
        store.update_example(assistant.id, item, changed)
        return "Example changed."

    def _delete(self, assistant_id: str, item: str, *filters: str) -> list[Any]:
        try:
            assistant = self._services.assistant(assistant_id)
            self._services.workspace.store.delete_examples(assistant.id, [item])
            said = notice("Example deleted.", "good")
        except Exception as error:
            said = notice(sentence_of(error), "bad")
        return [shown(False), said, *self.values(assistant_id, *filters)]

    def _example(self, assistant: Assistant, item: str) -> Example:
        examples = self._services.workspace.store.examples(assistant.id)
        found = next((example for example in examples if example.id == item), None)
        if found is None:
            raise NotFound("There is no such example any more: it was edited or deleted elsewhere.")
        return found
