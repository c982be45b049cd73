"""The page put together: sidebar, head, tabs, dialogs, and what moves between them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import gradio as gr

from assistant.comparison import Arena
from assistant.errors import DuetError
from assistant.ui.chat_tab import ChatTab
from assistant.ui.documents import DocumentsTab
from assistant.ui.errors import ErrorsSection
from assistant.ui.evaluation import EvaluationSection
from assistant.ui.examples import ExamplesTab
from assistant.ui.notices import notice, sentence_of
from assistant.ui.preparation import Preparation
from assistant.ui.results import ResultsTab
from assistant.ui.review import ReviewSection
from assistant.ui.services import PRIVATE, QUICK, Places, Services, markup, pressed_data
from assistant.ui.settings import settings_drawer
from assistant.ui.sidebar import Sidebar
from assistant.ui.training import TrainingTab
from assistant.ui.use_over_time import UseSection
from assistant.ui.verdict import VerdictSection
from assistant.workspace import Workspace

_TABS = {
    "add_documents": "documents",
    "ask": "chat",
    "write_examples": "examples",
    "train": "training",
    "watch_training": "training",
    "vote": "chat",
    "results": "results",
}
_PREPARING_SECONDS = 1.0

# What reads a part of a tab, its inputs, and the outputs that it has a value for each of.
Part = tuple[Callable[..., Any], list[Any], list[Any]]


def build_page(workspace: Workspace, preparation: Preparation) -> gr.Blocks:
    """The whole page, ready to be mounted."""
    services = Services(workspace, Arena(workspace), preparation)
    page: gr.Blocks = gr.Blocks(title="Duet", analytics_enabled=False, fill_width=True)
    with page:
        _Page(services).build(page)
    return page


class _Page:
    def __init__(self, services: Services) -> None:
        self._services = services

    def build(self, page: gr.Blocks) -> None:
        places = Places(gr.State(""), gr.State(""), gr.State(""), gr.State(""))
        self._places = places
        self._sidebar = Sidebar(self._services, places)
        with gr.Row(elem_id="frame"):
            self._sidebar.build()
            with gr.Column(elem_id="main", min_width=0):
                self._sidebar.build_head()
                self._panel = markup(elem_id="panel")
                self._open_tab = gr.State("Chat")
                self._is_prepared = gr.State(False)
                with gr.Tabs(elem_id="tabs", overflow_behavior="wrap") as self._tabs:
                    with gr.Tab("Chat", id="chat") as self._chat_tab:
                        self._chat = ChatTab(self._services, places, self._panel)
                    with gr.Tab("Documents", id="documents") as self._documents_tab:
                        self._documents = DocumentsTab(self._services, places, self._panel)
                    with gr.Tab("Examples", id="examples") as self._examples_tab:
                        self._examples = ExamplesTab(self._services, places, self._panel)
                    with gr.Tab("Training", id="training") as self._training_tab:
                        self._training = TrainingTab(self._services, places, self._panel)
                    with gr.Tab("Results", id="results") as self._results_tab:
                        self._verdict = VerdictSection(self._services, places)
                        self._results = ResultsTab(self._services)
                        self._evaluation = EvaluationSection(self._services, places)
                        ErrorsSection(self._services, places)
                        ReviewSection(self._services, places)
                        UseSection(self._services, places)
        self._sidebar.build_dialogs()
        self._timer = gr.Timer(_PREPARING_SECONDS)
        self._wire(page)

    @property
    def _opening(self) -> list[Any]:
        """All that changes when another assistant or conversation is opened."""
        return [
            self._places.assistant,
            *self._chat.shown,
            *self._chat.pickers,
            *self._sidebar.shown,
            self._panel,
        ]

    def _wire(self, page: gr.Blocks) -> None:
        places, sidebar = self._places, self._sidebar
        where = [places.assistant, places.conversation]
        page.load(self._load, None, self._opening, **PRIVATE)
        self._timer.tick(
            self._prepared,
            where,
            [sidebar.preparing, self._timer, self._is_prepared, *self._opening],
            **PRIVATE,
        )
        self._panel.click(lambda: "", None, self._panel, **QUICK)
        sidebar.settings.click(
            lambda: settings_drawer(self._services.workspace), None, self._panel, **QUICK
        )
        sidebar.wire_dialogs()
        for kind, html in (
            ("assistant", sidebar.assistants),
            ("conversation", sidebar.conversations),
        ):
            html.click(
                self._opened(kind), places.assistant, [self._tabs, *self._opening], **PRIVATE
            )
            html.click(self._asked(kind), None, sidebar.dialog_outputs, **QUICK)
        sidebar.making.sure.click(
            self._make,
            sidebar.start.inputs,
            [sidebar.making.box, sidebar.making.notice, self._tabs, *self._opening],
            **PRIVATE,
        )
        sidebar.changing.sure.click(
            self._change,
            [*where, sidebar.subject, *sidebar.change.inputs],
            [sidebar.changing.box, sidebar.changing.notice, *self._opening],
            **PRIVATE,
        )
        sidebar.naming.sure.click(
            self._rename,
            [sidebar.subject, sidebar.name, *where],
            [sidebar.naming.box, sidebar.naming.notice, *sidebar.shown],
            **QUICK,
        )
        sidebar.deleting.sure.click(
            self._delete,
            [sidebar.subject, *where],
            [sidebar.deleting.box, sidebar.deleting.notice, *self._opening],
            **PRIVATE,
        )
        for button in (sidebar.go, sidebar.go_narrow):
            button.click(
                self._go,
                places.assistant,
                [self._tabs, *self._chat.shown, *self._chat.pickers],
                **PRIVATE,
            )
        training = self._training
        training.mend.click(self._mend, places.assistant, self._tabs, **QUICK)
        training.compare.click(
            self._compare,
            training.view,
            [self._tabs, *self._chat.shown, *self._chat.pickers],
            **PRIVATE,
        )
        self._wire_tabs()
        # The conversation's id changes when a question begins a new one, the answered one's when
        # an answer is whole: the sidebar follows both. An answer that was left to end behind
        # another conversation changes neither.
        gr.on(
            [places.conversation.change, places.answered.change],
            sidebar.values,
            where,
            sidebar.shown,
            **QUICK,
        )
        for answered in self._chat.answered:
            answered.then(sidebar.values, where, sidebar.shown, **QUICK)

    def _wire_tabs(self) -> None:
        """A tab is read when it is opened; the open one also when another assistant is, or when
        the sample is ready."""
        assistant = self._places.assistant
        where = [assistant, self._places.conversation]
        chat, documents, training = self._chat, self._documents, self._training
        renewed = partial(gr.on, [assistant.change, self._is_prepared.change])
        # The events of the tabs tell of every opening, that of the bar only of a press.
        tabs = (tab for tab in self._tabs.children if isinstance(tab, gr.Tab))
        gr.on([tab.select for tab in tabs], _label_of, None, self._open_tab, **QUICK)
        self._chat_tab.select(
            chat.refreshed, [*where, *chat.pickers], [chat.widgets.turn, *chat.pickers], **QUICK
        )
        for tab, values, inputs, outputs in (
            (
                self._documents_tab,
                documents.values,
                [assistant, *documents.view],
                documents.shown,
            ),
            (
                self._documents_tab,
                documents.embedder.values,
                [assistant],
                documents.embedder.shown,
            ),
            (
                self._documents_tab,
                documents.retrieval.values,
                [assistant],
                documents.retrieval.shown,
            ),
            (
                self._training_tab,
                training.values,
                training.view,
                training.shown,
            ),
            *(
                (self._training_tab, part.values, [assistant], part.shown)
                for part in (
                    training.measuring,
                    training.sweeps,
                    training.votes,
                    training.exporting,
                )
            ),
            (self._results_tab, self._results.values, [assistant], self._results.shown),
            (self._results_tab, self._verdict.values, [assistant], self._verdict.shown),
            (self._results_tab, self._evaluation.values, [assistant], self._evaluation.shown),
        ):
            part = (values, inputs, outputs)
            self._read_after(tab.select, [part])
            self._read_after(renewed, [part], tab)
        self._wire_examples()
        self._examples.changes.change(self._sidebar.values, where, self._sidebar.shown, **QUICK)
        for timer in (documents.timer, training.timer):
            timer.tick(self._sidebar.values, where, self._sidebar.shown, **QUICK)
        for event in (documents.removed, training.runs.deleted, *self._examples.changed):
            event.then(self._sidebar.values, where, self._sidebar.shown, **QUICK)

    def _wire_examples(self) -> None:
        """As the other tabs, but filters and undo begin anew, and the slow checks come last."""
        assistant, examples, tab = self._places.assistant, self._examples, self._examples_tab
        browse, standing = examples.browse, examples.standing
        parts = [
            (examples.values, examples.view, examples.shown),
            (standing.waiting, [assistant], standing.shown),
            (standing.values, [assistant], standing.shown),
        ]
        self._read_after(tab.select, parts)
        begun = assistant.change(browse.begun, None, browse.fresh, **PRIVATE)
        for event in (begun.then, self._is_prepared.change):
            self._read_after(event, parts, tab)

    def _read_after(
        self, event: Callable[..., Any], parts: Sequence[Part], tab: gr.Tab | None = None
    ) -> None:
        """Read these one after the other. tab: only where this one is open."""
        for values, inputs, outputs in parts:
            read, places = self._filled(values, len(outputs)), inputs
            if tab is not None:
                read = _if_open(str(tab.label), read, len(outputs))
                places = [self._open_tab, *inputs]
            event = event(read, places, outputs, **QUICK).then

    def _filled(self, values: Callable[..., Any], outputs: int) -> Callable[..., list[Any]]:
        """A tab's values; a tab opened before the assistant is there stays as it is until then."""

        def filled(assistant_id: str, *rest: Any) -> list[Any]:
            if self._services.awaited(assistant_id):
                return [gr.skip()] * outputs
            return list(values(assistant_id, *rest))

        return filled

    def _values(self, assistant_id: str, conversation_id: str, request: gr.Request) -> list[Any]:
        """Values for `_opening`."""
        return [
            assistant_id,
            *self._chat.opened(assistant_id, conversation_id, request),
            *self._sidebar.values(assistant_id, conversation_id),
            "",
        ]

    def _load(self, request: gr.Request) -> list[Any]:
        known = self._services.workspace.assistants()
        return self._values(known[0].id if known else "", "", request)

    def _prepared(self, assistant_id: str, conversation_id: str, request: gr.Request) -> list[Any]:
        """Say how far the preparation is; show the sample when it is there."""
        html = self._sidebar.preparing_html()
        preparation = self._services.preparation
        going = preparation.making_sample or preparation.stage is not None
        same = [gr.skip()] * len(self._opening)
        known = self._services.workspace.assistants()
        waits = self._chat.chat.asks(str(request.session_hash))
        if not going and not assistant_id and known and not waits:
            same = self._values(known[0].id, "", request)
        elif not going:
            end = 1 + len(self._chat.shown) + len(self._chat.pickers)
            same[end:-1] = self._sidebar.values(assistant_id, conversation_id)
        return [html, gr.Timer(active=going), not going, *same]

    def _opened(self, kind: str) -> Callable[..., list[Any]]:
        def opened(event: gr.EventData, request: gr.Request, assistant_id: str) -> list[Any]:
            return self._open(kind, pressed_data(event), assistant_id, request)

        return opened

    def _asked(self, kind: str) -> Callable[..., list[Any]]:
        def asked(event: gr.EventData) -> list[Any]:
            return self._sidebar.asked(kind, pressed_data(event))

        return asked

    def _open(
        self, kind: str, data: dict[str, str], assistant_id: str, request: gr.Request
    ) -> list[Any]:
        """An assistant in the tab that is open, or a conversation in the chat."""
        if data.get("action") != "open":
            return [gr.skip()] * (1 + len(self._opening))
        item = data.get("id", "")
        if kind == "assistant":
            return [gr.skip(), *self._values(item, "", request)]
        return [gr.Tabs(selected="chat"), *self._values(assistant_id, item, request)]

    def _make(self, request: gr.Request, *fields: Any) -> list[Any]:
        try:
            made = self._sidebar.made(*fields)
        except Exception as error:
            same = [gr.skip()] * len(self._opening)
            return [gr.skip(), notice(sentence_of(error), "bad"), gr.skip(), *same]
        return [
            gr.update(visible=False),
            "",
            gr.Tabs(selected="documents"),
            *self._values(made.id, "", request),
        ]

    def _change(
        self,
        request: gr.Request,
        assistant_id: str,
        conversation_id: str,
        subject: str,
        *fields: Any,
    ) -> list[Any]:
        same = [gr.skip()] * len(self._opening)
        try:
            self._sidebar.changed(subject, *fields)
        except Exception as error:
            return [gr.skip(), notice(sentence_of(error), "bad"), *same]
        if subject == f"assistant:{assistant_id}":
            same = self._values(assistant_id, conversation_id, request)
        else:
            end = 1 + len(self._chat.shown) + len(self._chat.pickers)
            same[end:-1] = self._sidebar.values(assistant_id, conversation_id)
        return [gr.update(visible=False), "", *same]

    def _rename(
        self, subject: str, name: str, assistant_id: str, conversation_id: str
    ) -> list[Any]:
        try:
            self._sidebar.renamed(subject, name or "")
        except Exception as error:
            same = [gr.skip()] * len(self._sidebar.shown)
            return [gr.skip(), notice(sentence_of(error), "bad"), *same]
        values = self._sidebar.values(assistant_id, conversation_id)
        return [gr.update(visible=False), "", *values]

    def _delete(
        self, subject: str, assistant_id: str, conversation_id: str, request: gr.Request
    ) -> list[Any]:
        try:
            self._sidebar.deleted(subject)
        except Exception as error:
            same = [gr.skip()] * len(self._opening)
            return [gr.skip(), notice(sentence_of(error), "bad"), *same]
        known = self._services.workspace.assistants()
        if not any(one.id == assistant_id for one in known):
            assistant_id, conversation_id = (known[0].id if known else ""), ""
        try:
            if conversation_id:
                self._services.workspace.store.conversation(conversation_id)
        except DuetError:
            conversation_id = ""
        return [gr.update(visible=False), "", *self._values(assistant_id, conversation_id, request)]

    def _go(self, assistant_id: str, request: gr.Request) -> list[Any]:
        """The tab of the next step; to vote, with the pair of which a vote teaches most."""
        action = self._sidebar.action(assistant_id)
        tab = gr.Tabs(selected=_TABS[action]) if action in _TABS else gr.skip()
        if action == "vote":
            return [tab, *self._chat.choose(assistant_id, request)]
        return [tab, *[gr.skip()] * (len(self._chat.shown) + len(self._chat.pickers))]

    def _mend(self, assistant_id: str) -> Any:
        """The tab in which what a training lacks is made."""
        return gr.Tabs(selected=self._training.mending(assistant_id))

    def _compare(
        self,
        assistant_id: str,
        preset: str,
        run_id: str,
        compared: str,
        everything: bool,
        request: gr.Request,
    ) -> list[Any]:
        """The chat with what a training came to, against what answered before it."""
        try:
            picked = self._training.pair(assistant_id, run_id)
        except DuetError:
            return [gr.skip()] * (1 + len(self._chat.shown) + len(self._chat.pickers))
        tab = gr.Tabs(selected="chat")
        return [tab, *self._chat.picked(assistant_id, picked, request)]


def _if_open(label: str, read: Callable[..., list[Any]], outputs: int) -> Callable[..., list[Any]]:
    """What a tab is filled with where the first input, the open tab, is this one."""

    def read_if_open(open_tab: str, *inputs: Any) -> list[Any]:
        return read(*inputs) if open_tab == label else [gr.skip()] * outputs

    return read_if_open


def _label_of(event: gr.SelectData) -> str:
    return str(event.value)
