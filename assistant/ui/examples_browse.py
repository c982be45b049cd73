"""The list of examples: filters, keys, one example whole, and what a person does to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple
from typing import Any

import gradio as gr

from assistant import example_review as review
from assistant.drawing.words import counted
from assistant.errors import NotFound, documents_mapped
from assistant.example_filter import Filter, filtered, here_of, is_stale
from assistant.example_review import Change, Wording
from assistant.records import Assistant, Example, SplitName
from assistant.ui.dialogs import dialog, shown
from assistant.ui.example_drawer import example_drawer
from assistant.ui.examples_html import (
    PAGE,
    SOURCES,
    SPLITS,
    STANDING,
    clipped,
    example_table,
    keys_html,
    section_filter_html,
    summary,
)
from assistant.ui.notices import notice, sentence_of
from assistant.ui.services import PRIVATE, QUICK, Places, Services, markup, pressed_data

_ALL = ("All", "")
_UNDONE = 50  # changes that can be undone, one after the other
_ACCEPTED = "It has no flags: nothing needs to be accepted."

# Presses that take the ticked rows with them.
_PRESSED = """
element.addEventListener('click', (event) => {
  const pressed = event.target.closest('[data-action]');
  if (!pressed || !element.contains(pressed) || pressed.disabled) return;
  const ticked = [...element.querySelectorAll('input[data-tick]:checked')];
  trigger('click', {
    ...pressed.dataset,
    ticked: ticked.map((box) => box.dataset.tick).join(','),
  });
});
"""


class ExamplesBrowse:
    """Builds the list inside the current Blocks. panel: where one example is shown whole."""

    def __init__(self, services: Services, places: Places, panel: gr.HTML) -> None:
        self._services = services
        self._places = places
        self.panel = panel
        self._build()
        self.filters: list[Any] = [
            self.words,
            self.split,
            self.source,
            self.method,
            self.document,
            self.standing,
            self.section,
        ]
        self.listed: list[Any] = [self.summary, self.place, self.table]
        self.shown: list[Any] = [*self.listed, self.method, self.document]

    def _build(self) -> None:
        self.summary = markup(elem_id="examples-summary", pressed=False)
        with gr.Row(elem_classes="tools filters", elem_id="examples-filters"):
            self.words = gr.Textbox(
                label="Words",
                placeholder="Filter by words",
                elem_id="filter-words",
                max_lines=1,
                max_length=300,
            )
            self.split = _choice("Use", SPLITS, "split")
            self.source = _choice("From", SOURCES, "source")
            self.method = _choice("Method", {}, "method")
            self.document = _choice("Document", {}, "document")
            self.standing = gr.Dropdown(
                [(name, one) for one, name in STANDING.items()],
                value="",
                label="State",
                filterable=False,
                elem_id="filter-standing",
            )
        self.section = gr.State("")
        self.place = markup(elem_id="examples-place")
        with gr.Row(elem_classes="tools keys-row"):
            gr.HTML(keys_html(), apply_default_css=False)
            self.undo = gr.Button("Undo", size="sm", interactive=False, elem_id="examples-undo")
        self.notice = markup(elem_id="examples-notice", pressed=False)
        self.table = gr.HTML(elem_id="examples", apply_default_css=False, js_on_load=_PRESSED)
        self.page = gr.State(0)
        self.subject = gr.State("")
        self.many = gr.State(())
        self.changes = gr.State(())
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
            self.own_document = gr.Dropdown(
                [("None", "")],
                value="",
                label="Document that answers it (may be left out)",
                allow_custom_value=True,
                elem_id="example-document",
            )
        self.edit = parts.dialog
        with dialog("Several examples", "Reject", "examples-reject", danger=True) as parts:
            pass
        self.rejecting = parts.dialog

    def wire(self, new: gr.Button) -> None:
        """new: the button that opens an empty example."""
        assistant = self._places.assistant
        view = [assistant, *self.filters]
        # Gradio's `input` of a text box tells of keys alone, not of what is pasted or deleted.
        gr.on(
            [self.words.change, *(one.input for one in self.filters[1:-1])],
            self._filtered,
            view,
            [self.page, *self.listed],
            trigger_mode="always_last",
            **QUICK,
        )
        self.place.click(self._anywhere, view, [self.section, self.page, *self.listed], **QUICK)
        fields = [self.question, self.answer, self.answerable, self.use, self.own_document]
        dialogs = [self.subject, self.edit.box, self.edit.notice, *fields]
        asked = [
            self.many,
            self.rejecting.box,
            self.rejecting.notice,
            self.rejecting.sure,
        ]
        new.click(self._new, assistant, dialogs, **QUICK)
        changed = [self.changes, self.undo, self.notice, *self.shown]
        context = [self.changes, self.page, *view]
        for html in (self.table, self.panel):
            html.click(
                self._opened,
                view,
                [self.panel, self.page, *self.listed, *dialogs, *asked, self.notice],
                **QUICK,
            )
            html.click(self._changed, context, changed, **PRIVATE)
        for box in (self.edit, self.rejecting):
            box.wire()
        self.undo.click(self._undo, context, changed, **PRIVATE)
        self.edit.sure.click(
            self._save,
            [self.subject, *fields, *context],
            [self.edit.box, self.edit.notice, *changed],
            **PRIVATE,
        )
        self.rejecting.sure.click(
            self._reject_many, [self.many, *context], [self.rejecting.box, *changed], **PRIVATE
        )

    @property
    def fresh(self) -> list[Any]:
        """What another assistant begins with: the filters, and `changes` with its button."""
        return [*self.filters, self.changes, self.undo]

    def begun(self) -> list[Any]:
        """A value for each of `fresh`."""
        return [*[""] * len(self.filters), (), gr.update(interactive=False)]

    def values(self, assistant_id: str, *filters: str) -> list[Any]:
        """A value for each of `shown`. filters: those of `Filter`, in its order."""
        return self._values(assistant_id, filters, 0)

    def _values(self, assistant_id: str, filters: tuple[str, ...], page: int) -> list[Any]:
        try:
            assistant = self._services.assistant(assistant_id)
            examples = self._services.workspace.store.examples(assistant.id, rejected=None)
            listed = self._listed(assistant, examples, filters, page)
        except Exception as error:
            said = notice(sentence_of(error), "bad")
            return ["", "", said, gr.skip(), gr.skip()]
        wanted = _filter(filters)
        methods = sorted({one.method for one in examples if one.method} | {wanted.method} - {""})
        documents = {one.document for one in examples if one.document} | {wanted.document} - {""}
        return [
            *listed,
            gr.update(choices=[_ALL, *((clipped(one, 60), one) for one in methods)]),
            gr.update(choices=[_ALL, *((one, one) for one in sorted(documents))]),
        ]

    def _listed(
        self, assistant: Assistant, examples: list[Example], filters: tuple[str, ...], page: int
    ) -> list[Any]:
        wanted, here = _filter(filters), here_of(self._services.workspace, assistant)
        found = filtered(examples, wanted, here)
        page = max(0, min(page, (len(found) - 1) // PAGE))
        on_page = found[page * PAGE : (page + 1) * PAGE]
        stale = frozenset(one.id for one in on_page if is_stale(one, here))
        total = len(examples)
        said = f"One section alone: {counted(len(found), 'example')}"
        place = section_filter_html(said) if wanted.section else ""
        return [summary(examples), place, example_table(found, page, total, stale)]

    def _page_of(self, assistant_id: str, filters: tuple[str, ...], page: int) -> list[Any]:
        return self._values(assistant_id, filters, page)[: len(self.listed)]

    def _filtered(self, assistant_id: str, *filters: str) -> list[Any]:
        return [0, *self._page_of(assistant_id, filters, 0)]

    def _anywhere(self, assistant_id: str, *filters: str) -> list[Any]:
        return ["", 0, *self._page_of(assistant_id, (*filters[:-1], ""), 0)]

    def narrowed(self, assistant_id: str, heading: str = "", **wanted: str) -> list[Any]:
        """Filter by these fields of `Filter` alone: a value for each of the filters, the page, and
        `listed`. heading: what is said of a section."""
        filters = astuple(Filter(**wanted))
        listed = self._page_of(assistant_id, filters, 0)
        if heading:
            listed[1] = section_filter_html(heading)
        return [*filters, 0, *listed]

    def opened_one(self, event: gr.EventData, assistant_id: str) -> list[Any]:
        """An example whole, for a press outside the list: the panel and the notice."""
        data = pressed_data(event)
        try:
            return [self._whole(self._services.assistant(assistant_id), data.get("id", "")), ""]
        except Exception as error:
            return [gr.skip(), notice(sentence_of(error), "bad")]

    def rejected(
        self,
        ids: tuple[str, ...],
        changes: tuple[Change, ...],
        page: int,
        assistant_id: str,
        filters: tuple[str, ...],
    ) -> list[Any]:
        """Reject these: the changes, the undo button, the notice, and `shown`."""
        store = self._services.workspace.store

        def change(assistant: Assistant) -> Change:
            return review.reject(store, assistant.id, ids)

        return self._done(change, changes, page, assistant_id, filters)

    def _new(self, assistant_id: str) -> list[Any]:
        document = gr.update(choices=self._documents(assistant_id), value="")
        return ["", shown(True), "", "", "", True, "train", document]

    def _documents(self, assistant_id: str) -> list[tuple[str, str]]:
        """The documents to choose from; none where they cannot be read, for it is optional."""
        try:
            assistant = self._services.assistant(assistant_id)
            with documents_mapped():
                documents = self._services.workspace.corpus(assistant).documents()
        except Exception as error:
            sentence_of(error)
            return [("None", "")]
        return [("None", ""), *((one.name, one.name) for one in documents)]

    def _opened(self, event: gr.EventData, assistant_id: str, *filters: str) -> list[Any]:
        """What opens something: a page, an example whole, its dialog, the question before many."""
        data = pressed_data(event)
        listed = len(self.listed)
        same: list[Any] = [gr.skip()] * (2 + listed + 8 + 4 + 1)
        action, item = data.get("action", "").removeprefix("example-"), data.get("id", "")
        try:
            if action == "page" and item.isdecimal():
                same[1 : 2 + listed] = [int(item), *self._page_of(assistant_id, filters, int(item))]
            elif action == "open":
                same[0] = self._whole(self._services.assistant(assistant_id), item)
            elif action == "edit":
                same[2 + listed : 10 + listed] = self._editing(assistant_id, item)
            elif action in ("reject-many", "take-back-many"):
                same[10 + listed : 14 + listed] = self._asked(data, assistant_id, filters)
        except Exception as error:
            same[-1] = notice(sentence_of(error), "bad")
        return same

    def _whole(self, assistant: Assistant, item: str) -> str:
        store = self._services.workspace.store
        example = store.example(assistant.id, item)
        siblings = [
            one
            for one in (store.examples(assistant.id) if example.fact else [])
            if one.fact == example.fact and one.id != example.id
        ]
        stale = is_stale(example, here_of(self._services.workspace, assistant))
        return example_drawer(example, siblings, self._heading(assistant, example), stale)

    def _heading(self, assistant: Assistant, example: Example) -> str:
        """The path of headings over its section; "" where the section is not there any more."""
        if not (example.section and example.document):
            return ""
        corpus = self._services.workspace.corpus(assistant)
        with documents_mapped():
            if not any(one.name == example.document for one in corpus.documents()):
                return ""
            passages = corpus.passages(example.document)
        own = next((one for one in passages if one.section == example.section), None)
        return " › ".join(own.heading_path) if own else ""

    def _editing(self, assistant_id: str, item: str) -> list[Any]:
        assistant = self._services.assistant(assistant_id)
        example = self._services.workspace.store.example(assistant.id, item)
        documents = self._documents(assistant_id)
        return [
            example.id,
            shown(True),
            "",
            example.question,
            example.answer,
            example.answerable,
            example.split,
            gr.update(choices=documents, value=example.document),
        ]

    def _asked(
        self, data: dict[str, str], assistant_id: str, filters: tuple[str, ...]
    ) -> list[Any]:
        assistant = self._services.assistant(assistant_id)
        ids = tuple(one for one in data.get("ticked", "").split(",") if one)
        which = f"the {counted(len(ids), 'ticked example')}"
        if not ids:
            workspace = self._services.workspace
            examples = workspace.store.examples(assistant.id, rejected=None)
            found = filtered(examples, _filter(filters), here_of(workspace, assistant))
            ids = tuple(one.id for one in found)
            which = f"all {counted(len(ids), 'example')} that the filter shows"
        if not ids:
            raise NotFound("No example fits the filter any more: look at the list again.")
        back = data.get("action") == "take-back-many"
        said = (
            f"Take back {which}? They are trained on and tested with again."
            if back
            else f"Reject {which}? They are kept, but neither trained on nor tested with."
        )
        sure = gr.update(
            value="Take back" if back else "Reject", variant="primary" if back else "stop"
        )
        return [(not back, ids), shown(True), notice(said, "warn"), sure]

    def _changed(
        self,
        event: gr.EventData,
        changes: tuple[Change, ...],
        page: int,
        assistant_id: str,
        *filters: str,
    ) -> list[Any]:
        data = pressed_data(event)
        action, item = data.get("action", "").removeprefix("example-"), data.get("id", "")
        if action not in ("accept", "reject", "take-back", "delete"):
            return [gr.skip()] * (3 + len(self.shown))
        store = self._services.workspace.store

        def change(assistant: Assistant) -> Change | None:
            if action == "accept":
                return review.accept(store, assistant.id, item)
            if action == "delete":
                return review.delete(store, assistant.id, item)
            return review.reject(store, assistant.id, [item], action == "reject")

        return self._done(change, changes, page, assistant_id, filters)

    def _reject_many(
        self,
        many: tuple[bool, tuple[str, ...]],
        changes: tuple[Change, ...],
        page: int,
        assistant_id: str,
        *filters: str,
    ) -> list[Any]:
        store = self._services.workspace.store

        def change(assistant: Assistant) -> Change:
            rejected, ids = many
            return review.reject(store, assistant.id, ids, rejected)

        return [shown(False), *self._done(change, changes, page, assistant_id, filters)]

    def _save(
        self,
        item: str,
        question: str,
        answer: str,
        answerable: bool,
        split: SplitName,
        document: str,
        changes: tuple[Change, ...],
        page: int,
        assistant_id: str,
        *filters: str,
    ) -> list[Any]:
        store = self._services.workspace.store
        wording = Wording(
            question or "", answer or "", bool(answerable), split, (document or "").strip()
        )
        try:
            assistant = self._services.assistant(assistant_id)
            if item:
                made: Change | None = review.edit(store, assistant.id, item, wording)
            else:
                made = review.add(store, assistant.id, wording)
        except Exception as error:
            same = [gr.skip()] * (3 + len(self.shown))
            return [gr.skip(), notice(sentence_of(error), "bad"), *same]
        said = made.said if made else "This example was here already."
        return [
            shown(False),
            "",
            *self._after(made, said, changes, page, assistant_id, filters),
        ]

    def _undo(
        self, changes: tuple[Change, ...], page: int, assistant_id: str, *filters: str
    ) -> list[Any]:
        if not changes:
            said = notice("There is nothing to undo.")
        else:
            try:
                assistant = self._services.assistant(assistant_id)
                store = self._services.workspace.store
                said = notice(review.undo(store, assistant.id, changes[-1]), "good")
            except Exception as error:
                said = notice(sentence_of(error), "bad")
        left = changes[:-1]
        undo = gr.update(interactive=bool(left))
        return [left, undo, said, *self._values(assistant_id, filters, page)]

    def _done(
        self,
        change: Any,
        changes: tuple[Change, ...],
        page: int,
        assistant_id: str,
        filters: tuple[str, ...],
    ) -> list[Any]:
        try:
            made = change(self._services.assistant(assistant_id))
        except Exception as error:
            said = notice(sentence_of(error), "bad")
            # What changed elsewhere is shown as well: the list is read anew.
            return [gr.skip(), gr.skip(), said, *self._values(assistant_id, filters, page)]
        said = made.said if made else _ACCEPTED
        return self._after(made, said, changes, page, assistant_id, filters)

    def _after(
        self,
        made: Change | None,
        said: str,
        changes: tuple[Change, ...],
        page: int,
        assistant_id: str,
        filters: tuple[str, ...],
    ) -> list[Any]:
        kept = (*changes, made)[-_UNDONE:] if made else changes
        undo = gr.update(interactive=bool(kept))
        tone = notice(said, "good" if made else "info")
        return [kept, undo, tone, *self._values(assistant_id, filters, page)]


def _filter(values: tuple[str, ...]) -> Filter:
    return Filter(*(value or "" for value in values))


def _choice(label: str, names: Mapping[Any, str], name: str) -> gr.Dropdown:
    """A filter that takes any of these or, at first, all."""
    return gr.Dropdown(
        [_ALL, *((said, one) for one, said in names.items())],
        value="",
        label=label,
        filterable=not names,
        allow_custom_value=not names,
        elem_id=f"filter-{name}",
    )
