"""The examples tab: what a model is trained on, written, imported or made from the documents."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr

from assistant.drawing.words import counted
from assistant.ui.examples_browse import ExamplesBrowse
from assistant.ui.examples_writing import ExamplesWriting
from assistant.ui.notices import notice, sentence_of
from assistant.ui.services import PRIVATE, QUICK, Places, Services


class ExamplesTab:
    """Builds the tab inside the current Blocks. panel: where one example is shown whole."""

    def __init__(self, services: Services, places: Places, panel: gr.HTML) -> None:
        self._services = services
        self._places = places
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
        self.writing = ExamplesWriting(services, places)
        self.browse = ExamplesBrowse(services, places, panel)
        self.view: list[Any] = [places.assistant, *self.browse.filters]
        self.shown: list[Any] = [*self.browse.shown, *self.writing.shown]
        self._wire()

    def _wire(self) -> None:
        view = self.view
        self.browse.wire(self.new)
        self.writing.wire(self.write)
        ticked = self.writing.timer.tick(self._ticked, view, self.shown, **QUICK)
        imported = self.upload.upload(
            self._import, [self.upload, *view], [self.browse.notice, *self.shown], **PRIVATE
        )
        self.changed = (ticked, imported)
        # What a person did to the examples, whichever press it was.
        self.changes = self.browse.changes

    def values(self, assistant_id: str, *filters: str) -> list[Any]:
        """A value for each of `shown`."""
        return [*self.browse.values(assistant_id, *filters), *self.writing.values(assistant_id)]

    @property
    def fresh(self) -> list[Any]:
        """All that changes when another assistant is opened."""
        return [*self.browse.fresh, *self.shown]

    def begun(self, assistant_id: str) -> list[Any]:
        """A value for each of `fresh`."""
        return [*self.browse.begun(assistant_id), *self.writing.values(assistant_id)]

    def _ticked(self, assistant_id: str, *filters: str) -> list[Any]:
        """While it is written, how far it is; the list is read anew when it is done."""
        writing = self.writing.values(assistant_id)
        if self.writing.work.state(assistant_id).active:
            return [*[gr.skip()] * len(self.browse.shown), *writing]
        return [*self.browse.values(assistant_id, *filters), *writing]

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
