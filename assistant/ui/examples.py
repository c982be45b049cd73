"""The examples tab: what a model is trained on, written, imported or made from the documents."""

from __future__ import annotations

from typing import Any

import gradio as gr

from assistant.example_review import Change
from assistant.ui.examples_browse import ExamplesBrowse
from assistant.ui.examples_import import ExamplesImport
from assistant.ui.examples_standing import ExamplesStanding
from assistant.ui.examples_writing import ExamplesWriting
from assistant.ui.notices import notice, sentence_of
from assistant.ui.services import PRIVATE, QUICK, Places, Services, pressed_data


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
                file_types=[".jsonl", ".json", ".csv", ".tsv", ".parquet"],
                elem_id="import-examples",
            )
            self.new = gr.Button("Add by hand", elem_id="add-example")
        self.writing = ExamplesWriting(services, places)
        self.importing = ExamplesImport(services, places)
        self.standing = ExamplesStanding(services, places, panel)
        self.browse = ExamplesBrowse(services, places, panel)
        self.standing.build_export()
        self.view: list[Any] = [places.assistant, *self.browse.filters]
        self.shown: list[Any] = [
            *self.browse.shown,
            *self.writing.shown,
            *self.importing.shown,
            *self.standing.export_shown,
        ]
        self._wire()

    def _wire(self) -> None:
        assistant, view, browse = self._places.assistant, self.view, self.browse
        browse.wire(self.new)
        self.writing.wire(self.write)
        self.importing.wire(self.upload)
        self.standing.wire()
        written = self.writing.timer.tick(
            self._written, view, [*browse.shown, *self.writing.shown], **QUICK
        )
        importing = self.importing
        taken = importing.take.click(
            self._take,
            [importing.token, importing.mask, importing.skip, *view],
            [browse.notice, *importing.shown, *browse.shown],
            **PRIVATE,
        )
        self.changed = (written, taken)
        # What a person did to the examples, whichever press it was.
        self.changes = browse.changes
        browse.changes.change(self.standing.values, assistant, self.standing.shown, **QUICK)
        for event in self.changed:
            event.then(self._checked, assistant, self.standing.shown, **QUICK)
        self._wire_narrowing()

    def _wire_narrowing(self) -> None:
        """Presses that narrow the list: a block of the map, a document, a leak, what is stale."""
        browse, standing = self.browse, self.standing
        narrowed = [*browse.filters, browse.page, *browse.listed]
        standing.map.click(self._pressed, self._places.assistant, narrowed, **QUICK)
        standing.show_stale.click(self._stale, self._places.assistant, narrowed, **QUICK)
        standing.leaks.click(
            browse.opened_one,
            self._places.assistant,
            [browse.panel, browse.notice],
            **QUICK,
        )
        standing.renew.click(
            self._renew,
            [browse.changes, browse.page, *self.view],
            [browse.changes, browse.undo, browse.notice, *browse.shown, *self.writing.shown],
            **PRIVATE,
        )

    def values(self, assistant_id: str, *filters: str) -> list[Any]:
        """A value for each of `shown`."""
        return [*self.browse.values(assistant_id, *filters), *self._others(assistant_id)]

    def _others(self, assistant_id: str) -> list[Any]:
        return [
            *self.writing.values(assistant_id),
            *self.importing.values(assistant_id),
            *self.standing.exported(assistant_id, "duet", "jsonl"),
        ]

    def _written(self, assistant_id: str, *filters: str) -> list[Any]:
        """While it is written, how far it is; the list is read anew when it is done."""
        writing = self.writing.values(assistant_id)
        if self.writing.work.state(assistant_id).active:
            return [*[gr.skip()] * len(self.browse.shown), *writing]
        return [*self.browse.values(assistant_id, *filters), *writing]

    def _checked(self, assistant_id: str) -> list[Any]:
        """The checks anew, but not at every tick of what is being written."""
        if self.writing.work.state(assistant_id).active:
            return [gr.skip()] * len(self.standing.shown)
        return self.standing.values(assistant_id)

    def _take(
        self, token: str, mask: bool, skip: bool, assistant_id: str, *filters: str
    ) -> list[Any]:
        same = [gr.skip()] * len(self.browse.shown)
        try:
            said = self.importing.taken(token, mask, skip, assistant_id)
        except Exception as error:
            values = self.importing.values(assistant_id)
            values[self.importing.shown.index(self.importing.notice)] = notice(
                sentence_of(error), "bad"
            )
            return [gr.skip(), *values, *same]
        return [
            notice(said, "good"),
            *self.importing.values(assistant_id),
            *self.browse.values(assistant_id, *filters),
        ]

    def _pressed(self, event: gr.EventData, assistant_id: str) -> list[Any]:
        data = pressed_data(event)
        item, browse = data.get("id", ""), self.browse
        if data.get("action") == "section":
            return browse.narrowed(assistant_id, section=item, heading=data.get("said", ""))
        if data.get("action") == "document":
            return browse.narrowed(assistant_id, document=item)
        return [gr.skip()] * (len(browse.filters) + 1 + len(browse.listed))

    def _stale(self, assistant_id: str) -> list[Any]:
        return self.browse.narrowed(assistant_id, standing="stale")

    def _renew(
        self, changes: tuple[Change, ...], page: int, assistant_id: str, *filters: str
    ) -> list[Any]:
        """Reject what is stale and write from the documents as they are now."""
        try:
            stale = self.standing.standing(self._services.assistant(assistant_id)).stale
        except Exception as error:
            said = notice(sentence_of(error), "bad")
            return [gr.skip(), gr.skip(), said, *[gr.skip()] * len(self.browse.shown)] + [
                gr.skip()
            ] * len(self.writing.shown)
        done = self.browse.rejected(stale, changes, page, assistant_id, filters)
        return [*done, *self.writing.start(assistant_id)]
