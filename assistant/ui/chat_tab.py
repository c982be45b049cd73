"""The chat tab: two panes that stream together, the vote bar, and the question box."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import gradio as gr

from assistant.errors import DuetError, NotFound, documents_mapped
from assistant.records import CHOICES, CRITERIA, KINDS, Answer, Choice, Citation
from assistant.ui.chat import Chat, ChatView, Picked, marks_of
from assistant.ui.notices import notice, sentence_of
from assistant.ui.passages import drawer, lone_passage, marked_passage, place
from assistant.ui.services import MODEL_QUEUE, QUICK, Places, Services, markup, pressed_data
from assistant.ui.turns import SIDE_TABS
from assistant.ui.words import NAMES

_VOTES: dict[Choice, str] = {
    "left": "A is better",
    "tie": "Tie",
    "both_bad": "Both bad",
    "right": "B is better",
}
_MORE, _CORRECT = "Marks, comment, the right answer", "The right answer"
_ONE_SIDE = ("Nobody", "")


class ChatTab:
    """Builds the tab inside the current Blocks, and wires it to `Chat`."""

    def __init__(self, services: Services, places: Places, panel: gr.HTML) -> None:
        self.chat = Chat(services)
        self._services = services
        self._places = places
        self._panel = panel
        self._build()
        self.shown: list[Any] = [
            places.conversation,
            places.answered,
            self.history,
            self.turn,
            self.notice,
            self.vote_bar,
            self.prompt,
            *self.votes.values(),
            self.more,
            self.judging,
            self.question,
            self.send,
            self.stop,
        ]
        self.pickers = [self.left, self.right, self.blind]
        self._wire()

    # Layout

    def _build(self) -> None:
        with gr.Column(elem_id="thread"):
            gr.HTML(SIDE_TABS, apply_default_css=False, elem_id="side-tabs")
            self.history = markup(elem_id="history")
            self.turn = markup(elem_id="turn")
            self.notice = markup(elem_id="chat-notice", pressed=False)
        with gr.Column(elem_id="dock"):
            with gr.Row(elem_id="vote-bar", visible=False) as self.vote_bar:
                self.prompt = markup(elem_id="vote-prompt", pressed=False)
                self.votes = {
                    choice: gr.Button(
                        label,
                        elem_id=f"vote-{choice.replace('_', '-')}",
                        elem_classes="vote",
                        interactive=False,
                    )
                    for choice, label in _VOTES.items()
                }
            with gr.Accordion(_MORE, open=False, visible=False, elem_id="more") as self.more:
                self._build_more()
            with gr.Row(elem_id="composer"):
                self.question = gr.Textbox(
                    label="Your question",
                    placeholder="Ask something",
                    lines=1,
                    max_lines=6,
                    max_length=8000,
                    container=False,
                    elem_id="ask",
                    autofocus=True,
                )
                self.send = gr.Button("Ask", variant="primary", elem_id="send")
                self.stop = gr.Button("Stop", elem_id="stop", visible=False)
            with gr.Row(elem_id="options"):
                self.left = gr.Dropdown(
                    [(NAMES[kind], kind) for kind in KINDS],
                    value="rag",
                    label="Who answers",
                    elem_id="pick-left",
                    filterable=False,
                )
                self.right = gr.Dropdown(
                    [*((NAMES[kind], kind) for kind in KINDS), _ONE_SIDE],
                    value="tuned",
                    label="Against",
                    elem_id="pick-right",
                    filterable=False,
                )
                self.blind = gr.Checkbox(
                    True,
                    label="Blind",
                    info="",
                    elem_id="blind",
                    container=False,
                )
                self.fresh = gr.Button("New chat", elem_id="fresh", size="sm")

    def _build_more(self) -> None:
        with gr.Column(elem_id="judging") as self.judging:
            with gr.Row(elem_id="marks"):
                self.marks = []
                for side, letter in (("left", "A"), ("right", "B")):
                    with gr.Column(elem_classes=["marks", side], min_width=220):
                        gr.HTML(f"<h3>Side {letter}</h3>", apply_default_css=False)
                        for criterion in CRITERIA:
                            self.marks.append(
                                gr.Radio(
                                    ["1", "2", "3", "4", "5"],
                                    label=criterion.capitalize(),
                                    elem_id=f"mark-{side}-{criterion}",
                                    elem_classes="mark",
                                )
                            )
            self.comment = gr.Textbox(
                label="Comment on the two answers",
                info="Goes with your vote, like the marks.",
                lines=1,
                max_lines=4,
                max_length=10_000,
                elem_id="comment",
            )
        with gr.Row(elem_id="correction"):
            self.right_answer = gr.Textbox(
                label="The right answer",
                info="Saved as an example to train on.",
                lines=1,
                max_lines=4,
                max_length=8000,
                elem_id="right-answer",
            )
            self.save = gr.Button("Save as example", elem_id="save-example")
        self.saved = markup(elem_id="saved", pressed=False)

    # Wiring

    def _wire(self) -> None:
        places = self._places
        where = [places.assistant, places.conversation]
        asking = [self.question, *where, *self.pickers]
        gr.on(
            [self.question.submit, self.send.click],
            self._begin,
            asking,
            [places.pending, *self.shown],
            **QUICK,
        ).then(
            self._answer,
            [places.pending, *where, *self.pickers],
            [places.assistant, *self.shown],
            **MODEL_QUEUE,
        )
        for html in (self.history, self.turn):
            html.submit(
                self._begin_pressed,
                [*where, *self.pickers],
                [places.pending, *self.shown],
                **QUICK,
            ).then(
                self._answer,
                [places.pending, *where, *self.pickers],
                [places.assistant, *self.shown],
                **MODEL_QUEUE,
            )
        self.stop.click(self._stop, None, None, **QUICK)
        for choice in CHOICES:
            self.votes[choice].click(
                self._voting(choice),
                [*where, places.answered, *self.pickers, self.comment, *self.marks],
                [*self.shown, self.comment, *self.marks],
                **QUICK,
            )
        self.save.click(
            self._save,
            [places.answered, self.right_answer],
            [self.saved, self.right_answer],
            **QUICK,
        )
        for html in (self.history, self.turn):
            html.click(
                self._pressed,
                [*where, *self.pickers],
                [*self.shown, self._panel],
                **QUICK,
            )
        gr.on(
            [self.left.input, self.right.input, self.blind.input],
            self._repick,
            [*where, *self.pickers],
            [*self.shown, *self.pickers],
            **QUICK,
        )
        self.fresh.click(self._fresh, [places.assistant, *self.pickers], self.shown, **QUICK)

    # Handlers: values in, the core called, values out

    def _begin(
        self,
        question: str,
        assistant_id: str,
        conversation_id: str,
        left: str,
        right: str,
        blind: bool,
        request: gr.Request,
    ) -> list[Any]:
        picked = Picked(left, right or "", blind)
        shown = self._view(assistant_id, conversation_id, picked, request)
        pending, view = self.chat.begin(_browser(request), question or "", shown, picked)
        values = self.updates(view)
        if pending:
            values[self.shown.index(self.question)] = gr.update(value="")
        return [pending, *values]

    def _begin_pressed(
        self,
        event: gr.EventData,
        assistant_id: str,
        conversation_id: str,
        left: str,
        right: str,
        blind: bool,
        request: gr.Request,
    ) -> list[Any]:
        question = pressed_data(event).get("question", "")
        return self._begin(question, assistant_id, conversation_id, left, right, blind, request)

    def _answer(
        self,
        pending: str,
        assistant_id: str,
        conversation_id: str,
        left: str,
        right: str,
        blind: bool,
        request: gr.Request,
    ) -> Iterator[list[Any]]:
        if not pending:
            yield [gr.skip()] * (len(self.shown) + 1)
            return
        picked = Picked(left, right or "", blind)
        views = self.chat.answer(
            _browser(request),
            pending,
            assistant_id,
            conversation_id,
            picked,
            self._voter_or_none(request),
        )
        last: ChatView | None = None
        for assistant_id, view in views:
            if view is None:
                yield [gr.skip()] * (len(self.shown) + 1)
                continue
            if last is not None and view.busy and last.history == view.history:
                # While it streams only the turn changes; the rest stays as it is in the browser.
                values = [gr.skip()] * len(self.shown)
                values[self.shown.index(self.turn)] = view.turn
                yield [gr.skip(), *values]
            else:
                yield [assistant_id, *self.updates(view)]
            last = view

    def _stop(self, request: gr.Request) -> None:
        self.chat.stop(_browser(request))

    def _voting(self, choice: Choice) -> Callable[..., list[Any]]:
        """The handler of all four kinds of vote, for one of them."""

        def voted(request: gr.Request, *values: Any) -> list[Any]:
            return self._vote(choice, request, *values)

        return voted

    def _vote(
        self,
        choice: Choice,
        request: gr.Request,
        assistant_id: str,
        conversation_id: str,
        answered: str,
        left: str,
        right: str,
        blind: bool,
        comment: str,
        *rest: Any,
    ) -> list[Any]:
        picked = Picked(left, right or "", blind)
        kept = [gr.skip()] * (1 + len(self.marks))
        try:
            voter = self._services.voter(request)
            outcome = self.chat.vote(answered, voter, choice, marks_of(rest), comment or "")
            view = self.chat.show(assistant_id, conversation_id, voter, picked, answered)
        except Exception as error:
            return [*self._failed(sentence_of(error)), *kept]
        values = self.updates(view)
        values[self.shown.index(self.prompt)] = outcome
        return [*values, "", *[None] * len(self.marks)]

    def _save(self, answered: str, text: str) -> tuple[Any, Any]:
        try:
            return self.chat.save_example(answered, text or ""), ""
        except Exception as error:
            return notice(sentence_of(error), "bad"), gr.skip()

    def _pressed(
        self,
        event: gr.EventData,
        assistant_id: str,
        conversation_id: str,
        left: str,
        right: str,
        blind: bool,
        request: gr.Request,
    ) -> list[Any]:
        data = pressed_data(event)
        picked = Picked(left, right or "", blind)
        same: list[Any] = [gr.skip()] * len(self.shown)
        try:
            action, answered = data.get("action"), data.get("answered", "")
            voter = self._services.voter(request)
            if action == "cite":
                marker = int(data.get("marker", "0"))
                panel = self.cited(answered, data.get("side", ""), marker, voter)
                return [*same, panel]
            if action == "thumb":
                self.chat.thumb(answered, voter, data.get("up") == "yes")
                answered = ""
            view = self.chat.show(assistant_id, conversation_id, voter, picked, answered)
            return [*self.updates(view), gr.skip()]
        except Exception as error:
            return [*self._failed(sentence_of(error)), gr.skip()]

    def _repick(
        self,
        assistant_id: str,
        conversation_id: str,
        left: str,
        right: str,
        blind: bool,
        request: gr.Request,
    ) -> list[Any]:
        """Other contenders begin a new conversation; one that cannot answer is put back."""
        self.chat.leave(_browser(request))
        picked = Picked(left, right or "", blind)
        try:
            reasons = dict(self.chat.reasons(assistant_id))
            reason = reasons.get(left) or reasons.get(right) or ""  # type: ignore[call-overload]
            if left == right:
                reason = "Choose two different contenders to compare."
        except DuetError as error:
            reason = str(error)
        if reason:
            back = self.chat.default_picked(assistant_id)
            if conversation_id:
                back = self.chat.picked_of(conversation_id)
            return [*self._failed(reason), back.left, back.right, back.blind]
        view = self._view(assistant_id, "", picked, request)
        return [*self.updates(view), left, right, gr.update(value=blind, visible=bool(right))]

    def _fresh(
        self, assistant_id: str, left: str, right: str, blind: bool, request: gr.Request
    ) -> list[Any]:
        self.chat.leave(_browser(request))
        return self.updates(self._view(assistant_id, "", Picked(left, right or "", blind), request))

    # For the page

    def opened(self, assistant_id: str, conversation_id: str, request: gr.Request) -> list[Any]:
        """Values for `shown` and `pickers` when an assistant or a conversation is opened."""
        self.chat.leave(_browser(request))
        try:
            if conversation_id:
                picked = self.chat.picked_of(conversation_id)
            else:
                picked = self.chat.default_picked(assistant_id)
        except Exception as error:
            picked = Picked("rag", "", True)
            conversation_id = ""
            view = ChatView(notice=notice(sentence_of(error), "bad"))
        else:
            view = self._view(assistant_id, conversation_id, picked, request)
        choices = self._choices(assistant_id)
        return [
            *self.updates(view),
            gr.update(choices=choices, value=picked.left),
            gr.update(choices=[*choices, _ONE_SIDE], value=picked.right),
            gr.update(value=picked.blind, visible=bool(picked.right)),
        ]

    def refreshed(
        self,
        assistant_id: str,
        conversation_id: str,
        left: str,
        right: str,
        blind: bool,
        request: gr.Request,
    ) -> list[Any]:
        """Who can answer now: values for the turn and `pickers` when the tab is opened again."""
        try:
            choices = self._choices(assistant_id)
            picked = Picked(left, right or "", blind)
            turn: Any = gr.skip()
            if not conversation_id and not picked.right:
                picked = self.chat.default_picked(assistant_id)
                turn = self._view(assistant_id, "", picked, request).turn
        except DuetError:
            return [gr.skip()] * (1 + len(self.pickers))
        return [
            turn,
            gr.update(choices=choices, value=picked.left),
            gr.update(choices=[*choices, _ONE_SIDE], value=picked.right),
            gr.update(value=picked.blind, visible=bool(picked.right)),
        ]

    def cited(self, answered: str, side: str, marker: int, voter: str) -> str:
        """The drawer with the passage behind a marker.

        Raises NotFound, and where the names are not shown yet: what a side cites would tell.
        """
        answer = self._answer_of(answered, side, voter)
        citation = next((one for one in answer.citations if one.marker == marker), None)
        if citation is None:
            raise NotFound("This answer has no such source.")
        supported = answer.text[citation.answer_start : citation.answer_end]
        return drawer(
            place(citation.document, citation.page),
            "The marked passage is what the answer stands on.",
            self._excerpt(citation, answer.contender.assistant_id, supported),
        )

    def updates(self, view: ChatView) -> list[Any]:
        """A value for each of `shown`."""
        two = view.voting
        buttons = [
            gr.update(
                interactive=view.votable and not view.busy,
                elem_classes=["vote", "chosen"] if view.chosen == choice else ["vote"],
            )
            for choice in self.votes
        ]
        return [
            view.conversation,
            view.answered,
            view.history,
            view.turn,
            view.notice,
            gr.update(visible=two),
            view.prompt or "<span>Voting opens when both answers are whole.</span>",
            *buttons,
            gr.update(visible=view.correctable, label=_MORE if two else _CORRECT),
            gr.update(visible=two),
            view.returned if view.returned else gr.skip(),
            gr.update(visible=not view.busy),
            gr.update(visible=view.busy),
        ]

    def _view(
        self, assistant_id: str, conversation_id: str, picked: Picked, request: gr.Request
    ) -> ChatView:
        try:
            voter = self._voter_or_none(request)
            return self.chat.show(assistant_id, conversation_id, voter, picked)
        except Exception as error:
            return ChatView(notice=notice(sentence_of(error), "bad"))

    def _failed(self, sentence: str) -> list[Any]:
        """Only the notice changes."""
        values = [gr.skip()] * len(self.shown)
        values[self.shown.index(self.notice)] = notice(sentence, "bad")
        return values

    def _voter_or_none(self, request: gr.Request) -> str:
        """The voter, or "" for a browser that keeps no cookie: it may read and ask, not vote."""
        try:
            return self._services.voter(request)
        except DuetError:
            return ""

    def _choices(self, assistant_id: str) -> list[tuple[str, str]]:
        labels = {"rag": "no documents yet", "tuned+rag": "not trained yet"}
        choices: list[tuple[str, str]] = []
        for kind, reason in self.chat.reasons(assistant_id):
            missing = labels.get(kind, "not trained yet")
            choices.append((f"{NAMES[kind]} ({missing})" if reason else NAMES[kind], kind))
        return choices

    def _answer_of(self, answered: str, side: str, voter: str) -> Answer:
        store = self._services.workspace.store
        try:
            comparison = store.comparison(answered)
        except NotFound:
            return store.reply(answered).answer
        if not self._services.arena.revealed(comparison, voter):
            raise NotFound("Sources are shown after your vote.")
        return comparison.right if side == "right" else comparison.left

    def _excerpt(self, citation: Citation, assistant_id: str, supported: str) -> str:
        assistant = self._services.assistant(assistant_id)
        try:
            with documents_mapped():
                text = self._services.workspace.corpus(assistant).text(citation.document_id)
        except DuetError:
            text = ""
        if text[citation.start : citation.end] == citation.text:
            return marked_passage(text, citation.start, citation.end, supported)
        return lone_passage(citation.text, supported)


def _browser(request: gr.Request) -> str:
    """Tells one open page from another; the client's choice, so never an identity."""
    return str(request.session_hash)
