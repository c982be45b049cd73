"""The chat tab: two panes that stream together, the vote bar, and the question box."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import gradio as gr

from assistant.contestants import Contestant
from assistant.drawing.words import NAMES, run_title
from assistant.errors import DuetError
from assistant.records import CHOICES, KINDS, Choice
from assistant.ui.chat import Chat
from assistant.ui.chat_views import ChatView, Picked
from assistant.ui.chat_widgets import CORRECT, MORE, NOBODY, ChatWidgets
from assistant.ui.judging import marks_of
from assistant.ui.notices import notice, sentence_of
from assistant.ui.services import MODEL_QUEUE, PRIVATE, QUICK, Places, Services, pressed_data
from assistant.ui.sources import Sources


class ChatTab:
    """Builds the tab inside the current Blocks, and wires it to `Chat`."""

    def __init__(self, services: Services, places: Places, panel: gr.HTML) -> None:
        self.chat = Chat(services)
        self._services = services
        self._places = places
        self._panel = panel
        self.widgets = ChatWidgets()
        self._sources = Sources(services)
        self.shown: list[Any] = [
            places.conversation,
            places.answered,
            self.widgets.history,
            self.widgets.turn,
            self.widgets.notice,
            self.widgets.vote_bar,
            self.widgets.prompt,
            *self.widgets.votes.values(),
            self.widgets.more,
            self.widgets.judging,
            self.widgets.question,
            self.widgets.send,
            self.widgets.stop,
        ]
        self.pickers = [self.widgets.left, self.widgets.right, self.widgets.blind]
        self._wire()

    # Wiring

    def _wire(self) -> None:
        places, widgets = self._places, self.widgets
        where = [places.assistant, places.conversation]
        asking = [widgets.question, *where, *self.pickers]
        begun = [
            gr.on(
                [widgets.question.submit, widgets.send.click],
                self._begin,
                asking,
                [places.pending, *self.shown],
                **PRIVATE,
            )
        ]
        for html in (widgets.history, widgets.turn):
            begun.append(
                html.submit(
                    self._begin_pressed,
                    [*where, *self.pickers],
                    [places.pending, *self.shown, *self.pickers],
                    **PRIVATE,
                )
            )
        self.answered = [
            asked.then(
                self._answer,
                [places.pending, *where, *self.pickers],
                [places.assistant, *self.shown],
                **MODEL_QUEUE,
            )
            for asked in begun
        ]
        widgets.stop.click(self._stop, None, None, **QUICK)
        for choice in CHOICES:
            widgets.votes[choice].click(
                self._voting(choice),
                [*where, places.answered, *self.pickers, widgets.comment, *widgets.marks],
                [*self.shown, widgets.comment, *widgets.marks],
                **PRIVATE,
            )
        widgets.save.click(
            self._save,
            [places.answered, widgets.right_answer],
            [widgets.saved, widgets.right_answer],
            **QUICK,
        )
        for html in (widgets.history, widgets.turn):
            html.click(
                self._pressed,
                [*where, places.answered, *self.pickers],
                [*self.shown, self._panel],
                **PRIVATE,
            )
        gr.on(
            [widgets.left.input, widgets.right.input, widgets.blind.input],
            self._repick,
            [*where, *self.pickers],
            [*self.shown, *self.pickers],
            **PRIVATE,
        )
        widgets.choose.click(self.choose, places.assistant, [*self.shown, *self.pickers], **PRIVATE)
        widgets.fresh.click(
            self._fresh,
            [places.assistant, *self.pickers],
            [*self.shown, *self.pickers],
            **PRIVATE,
        )

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
            values[self.shown.index(self.widgets.question)] = gr.update(value="")
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
        """Ask a question of the welcome; one offered from the errors is for its own pair, blind."""
        data = pressed_data(event)
        question = data.get("question", "")
        pickers: list[Any] = [gr.skip()] * len(self.pickers)
        if data.get("offered") == "yes":
            try:
                picked = self.chat.views.picked_for(assistant_id, question)
            except Exception as error:
                return ["", *self._failed(sentence_of(error)), *pickers]
            left, right, blind = picked.left, picked.right, picked.blind
            pickers = self._picker_values(assistant_id, picked)
        begun = self._begin(question, assistant_id, conversation_id, left, right, blind, request)
        return [*begun, *pickers]

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
                values[self.shown.index(self.widgets.turn)] = view.turn
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
        kept = [gr.skip()] * (1 + len(self.widgets.marks))
        try:
            voter = self._services.voter(request)
            outcome = self.chat.judging.vote(answered, voter, choice, marks_of(rest), comment or "")
            view = self.chat.views.show(assistant_id, conversation_id, voter, picked, answered)
        except Exception as error:
            return [*self._failed(sentence_of(error)), *kept]
        values = self.updates(view)
        values[self.shown.index(self.widgets.prompt)] = outcome
        return [*values, "", *[None] * len(self.widgets.marks)]

    def _save(self, answered: str, text: str) -> tuple[Any, Any]:
        try:
            return self.chat.judging.save_example(answered, text or ""), ""
        except Exception as error:
            return notice(sentence_of(error), "bad"), gr.skip()

    def _pressed(
        self,
        event: gr.EventData,
        assistant_id: str,
        conversation_id: str,
        judged: str,
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
                panel = self._sources.opened(answered, data.get("side", ""), marker, voter)
                return [*same, panel]
            if action == "impression":
                about, said = data.get("question", ""), data.get("said", "")
                self.chat.judging.impression(answered, data.get("side", ""), voter, about, said)
                view = self.chat.views.show(assistant_id, conversation_id, voter, picked, judged)
                # The vote bar goes on saying what became of the vote.
                same[self.shown.index(self.widgets.history)] = view.history
                same[self.shown.index(self.widgets.turn)] = view.turn
                return [*same, gr.skip()]
            if action == "thumb":
                self.chat.judging.thumb(answered, voter, data.get("up") == "yes")
                answered = ""
            view = self.chat.views.show(assistant_id, conversation_id, voter, picked, answered)
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
            reasons = dict(self.chat.views.reasons(assistant_id))
            sides = [side for side in picked.contestants() if side is not None]
            reason = next((reasons[side.kind] for side in sides if reasons[side.kind]), "")
            if left == right:
                reason = "Choose two different contenders to compare."
        except DuetError as error:
            reason = str(error)
        if reason:
            back = self.chat.views.default_picked(assistant_id)
            if conversation_id:
                back = self.chat.views.picked_of(conversation_id)
            return [*self._failed(reason), back.left, back.right, back.blind]
        view = self._view(assistant_id, "", picked, request)
        return [*self.updates(view), left, right, gr.update(value=blind, visible=bool(right))]

    def _fresh(
        self, assistant_id: str, left: str, right: str, blind: bool, request: gr.Request
    ) -> list[Any]:
        self.chat.leave(_browser(request))
        picked = Picked(left, right or "", blind)
        view = self._view(assistant_id, "", picked, request)
        return [*self.updates(view), *self._picker_values(assistant_id, picked)]

    # For the page

    def choose(self, assistant_id: str, request: gr.Request) -> list[Any]:
        """A new blind conversation with the pair of which a vote teaches most, and why that one.

        Values for `shown` and `pickers`.
        """
        self.chat.leave(_browser(request))
        try:
            pair = self.chat.views.chosen_pair(assistant_id)
        except DuetError as error:
            return [*self._failed(str(error)), *[gr.skip()] * len(self.pickers)]
        if pair is None:
            said = "There is nobody to compare yet: add documents or train a model first."
            return [*self._failed(said), *[gr.skip()] * len(self.pickers)]
        picked = Picked(pair.first, pair.second, True)
        view = replace(self._view(assistant_id, "", picked, request), notice=notice(pair.reason))
        return [*self.updates(view), *self._picker_values(assistant_id, picked)]

    def picked(self, assistant_id: str, picked: Picked, request: gr.Request) -> list[Any]:
        """A new conversation with these. Values for `shown` and `pickers`."""
        self.chat.leave(_browser(request))
        view = self._view(assistant_id, "", picked, request)
        return [*self.updates(view), *self._picker_values(assistant_id, picked)]

    def opened(self, assistant_id: str, conversation_id: str, request: gr.Request) -> list[Any]:
        """Values for `shown` and `pickers` when an assistant or a conversation is opened."""
        self.chat.leave(_browser(request))
        try:
            if conversation_id:
                picked = self.chat.views.picked_of(conversation_id)
            else:
                picked = self.chat.views.default_picked(assistant_id)
        except Exception as error:
            picked = Picked("rag", "", True)
            conversation_id = ""
            view = ChatView(notice=notice(sentence_of(error), "bad"))
        else:
            view = self._view(assistant_id, conversation_id, picked, request)
        return [*self.updates(view), *self._picker_values(assistant_id, picked)]

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
            picked = Picked(left, right or "", blind)
            turn: Any = gr.skip()
            if not conversation_id and not picked.right:
                picked = self.chat.views.default_picked(assistant_id)
                turn = self._view(assistant_id, "", picked, request).turn
            return [turn, *self._picker_values(assistant_id, picked)]
        except DuetError:
            return [gr.skip()] * (1 + len(self.pickers))

    def updates(self, view: ChatView) -> list[Any]:
        """A value for each of `shown`."""
        two = view.voting
        buttons = [
            gr.update(
                interactive=view.votable and not view.busy,
                elem_classes=["vote", "chosen"] if view.chosen == choice else ["vote"],
            )
            for choice in self.widgets.votes
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
            gr.update(visible=view.correctable, label=MORE if two else CORRECT),
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
            return self.chat.views.show(assistant_id, conversation_id, voter, picked)
        except Exception as error:
            return ChatView(notice=notice(sentence_of(error), "bad"))

    def _failed(self, sentence: str) -> list[Any]:
        """Only the notice changes."""
        values = [gr.skip()] * len(self.shown)
        values[self.shown.index(self.widgets.notice)] = notice(sentence, "bad")
        return values

    def _voter_or_none(self, request: gr.Request) -> str:
        """The voter, or "" for a browser that keeps no cookie: it may read and ask, not vote."""
        try:
            return self._services.voter(request)
        except DuetError:
            return ""

    def _picker_values(self, assistant_id: str, picked: Picked) -> list[Any]:
        """A value for each of `pickers`, naming who cannot answer yet."""
        choices = self._choices(assistant_id)
        return [
            gr.update(choices=choices, value=picked.left),
            gr.update(choices=[*choices, NOBODY], value=picked.right),
            gr.update(value=picked.blind, visible=bool(picked.right)),
        ]

    def _choices(self, assistant_id: str) -> list[tuple[str, str]]:
        labels = {"rag": "no documents yet", "tuned+rag": "not trained yet"}
        choices: list[tuple[str, str]] = []
        for kind, reason in self.chat.views.reasons(assistant_id):
            missing = labels.get(kind, "not trained yet")
            choices.append((f"{NAMES[kind]} ({missing})" if reason else NAMES[kind], kind))
        ready = {kind for _, kind in choices if kind.startswith("tuned")}
        for run in self.chat.views.earlier_runs(assistant_id):
            choices += [
                (f"{NAMES[kind]} ({run_title(run)})", Contestant(kind, run.id).written)
                for kind in KINDS
                if kind in ready
            ]
        return choices


def _browser(request: gr.Request) -> str:
    """Tells one open page from another; the client's choice, so never an identity."""
    return str(request.session_hash)
