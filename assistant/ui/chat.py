"""A question on its way through the chat: waiting, streaming, stopped, left or failed.

Each step is a `ChatView` of all that is shown; no widget is touched here.
"""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field, replace

from assistant.comparison import Compared, Replied, SideFailed, SideText
from assistant.contestants import contestants
from assistant.records import Assistant, Conversation
from assistant.review.offers import take_back_compared
from assistant.ui.chat_views import ChatView, ChatViews, Picked
from assistant.ui.judging import Judging
from assistant.ui.notices import notice, sentence_of
from assistant.ui.preparation import Stage
from assistant.ui.services import Services
from assistant.ui.turns import Speaking, speaking_turn

_LONGEST_TITLE = 80  # characters
_QUEUED = "Waiting: another question is being answered first."


@dataclass(slots=True)
class _Asking:
    """A question on its way. left: its browser has gone on to something else."""

    cancelled: threading.Event = field(default_factory=threading.Event)
    left: bool = False


class Chat:
    """Answers questions. Safe to use from several browsers at once."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._store = services.workspace.store
        self._arena = services.arena
        self.views = ChatViews(services)
        self.judging = Judging(services, self.views)
        self._lock = threading.Lock()
        self._asking: dict[str, _Asking] = {}

    def begin(
        self, browser: str, question: str, shown: ChatView, picked: Picked
    ) -> tuple[str, ChatView]:
        """Show the question as waiting; returns it for `answer`, "" where there is none to answer.

        browser: tells one browser's question from another's, so that each can stop its own.
        """
        question = question.strip()
        with self._lock:
            if not question or browser in self._asking:
                return "", replace(shown, notice=notice("Write a question first.", "info"))
            queued = bool(self._asking)
            self._asking[browser] = _Asking()
        waiting = _QUEUED if queued else "Reading the question"
        turn = _waiting_turn(question, picked, waiting)
        history = shown.history + (shown.turn if shown.answered else "")
        return question, ChatView(shown.conversation, history, turn, busy=True, voting=shown.voting)

    def stop(self, browser: str) -> None:
        """End this browser's answer at the next token."""
        with self._lock:
            asking = self._asking.get(browser)
        if asking is not None:
            asking.cancelled.set()

    def asks(self, browser: str) -> bool:
        """Whether this browser waits for an answer."""
        with self._lock:
            return browser in self._asking

    def leave(self, browser: str) -> None:
        """Show this browser no more of its answer, which is finished and stored all the same."""
        with self._lock:
            asking = self._asking.pop(browser, None)
        if asking is not None:
            asking.left = True

    def answer(
        self,
        browser: str,
        question: str,
        assistant_id: str,
        conversation_id: str,
        picked: Picked,
        voter: str,
    ) -> Iterator[tuple[str, ChatView | None]]:
        """Wait for what is being made ready, then stream; yields the assistant's id and the view.

        The view is None once the browser shows something else. Closing the iterator, as a closed
        browser tab does, ends the generation.
        """
        with self._lock:
            asking = self._asking.setdefault(browser, _Asking())
        views = self._answer(
            question, assistant_id, conversation_id, picked, voter, asking.cancelled
        )
        try:
            for answered_by, view in views:
                yield answered_by, None if asking.left else view
        finally:
            views.close()
            with self._lock:
                if self._asking.get(browser) is asking:
                    del self._asking[browser]

    def _answer(
        self,
        question: str,
        assistant_id: str,
        conversation_id: str,
        picked: Picked,
        voter: str,
        cancelled: threading.Event,
    ) -> Generator[tuple[str, ChatView], None, None]:
        history = ""
        try:
            assistant = None
            for step in self._prepared(assistant_id, cancelled):
                if isinstance(step, Assistant):
                    assistant = step
                else:
                    turn = _waiting_turn(question, picked, f"{step.text}, {100 * step.share:.0f} %")
                    yield assistant_id, ChatView(conversation_id, turn=turn, busy=True)
            if assistant is None or cancelled.is_set():
                view = self.views.show(assistant_id, conversation_id, voter, picked)
                stopped = notice("Stopped before it began; your question is back in the box.")
                yield assistant_id, replace(view, notice=stopped, returned=question)
                return
            conversation = self._conversation(assistant, conversation_id, picked)
            history = self.views.all_turns(conversation, voter)
            for view in self._stream(conversation, question, history, voter, cancelled, picked):
                yield assistant.id, view
        except Exception as error:
            sentence = sentence_of(error)
            turn = speaking_turn(question, Speaking(failed=sentence), None)
            yield assistant_id, ChatView(conversation_id, history, turn, returned=question)
        finally:
            cancelled.set()

    def _prepared(
        self, assistant_id: str, cancelled: threading.Event
    ) -> Iterator[Stage | Assistant]:
        preparation = self._services.preparation
        known = self._services.workspace.assistants()
        assistant = next((one for one in known if one.id == assistant_id), None)
        if preparation.making_sample and (assistant is None or preparation.makes(assistant)):
            assistant = None
            for step in preparation.first_assistant(cancelled):
                if isinstance(step, Assistant):
                    assistant = step
                else:
                    yield step
        elif assistant is None:
            assistant = self._services.assistant(assistant_id)
        if assistant is None:
            return
        yield from preparation.ready(assistant, cancelled)
        yield assistant

    def _conversation(
        self, assistant: Assistant, conversation_id: str, picked: Picked
    ) -> Conversation:
        """The conversation, or a new one where the contenders were changed since it began."""
        left, right = picked.contestants()
        if conversation_id:
            known = self._store.conversation(conversation_id)
            same = contestants(known) == (left, right)
            if same and (right is None or known.blind == picked.blind):
                return known
        return self._arena.start(
            assistant,
            left.kind,
            right.kind if right else None,
            picked.blind,
            left.run_id,
            right.run_id if right else None,
        )

    def _stream(
        self,
        conversation: Conversation,
        question: str,
        history: str,
        voter: str,
        cancelled: threading.Event,
        picked: Picked,
    ) -> Iterator[ChatView]:
        alone = conversation.right is None
        events: Iterator[SideText | SideFailed | Compared | Replied]
        if alone:
            events = self._arena.ask(conversation.id, question, cancelled)
        else:
            events = self._arena.compare(conversation.id, question, voter, cancelled)
        waiting = "Searching and reading" if conversation.left != "base" else "Reading"
        hidden = conversation.blind and not alone
        left = Speaking(kind=None if hidden else conversation.left, waiting=waiting)
        right = Speaking(kind=None if hidden else conversation.right, waiting=waiting)

        def view() -> ChatView:
            turn = speaking_turn(question, left, None if alone else right)
            return ChatView(conversation.id, history, turn, busy=True, voting=not alone)

        yield view()
        failed = False
        for event in events:
            if isinstance(event, Compared | Replied):
                if isinstance(event, Compared):
                    take_back_compared(self._store, event.comparison)
                if not conversation.title:
                    self._store.rename_conversation(conversation.id, _title(question))
                yield self.views.show(conversation.assistant_id, conversation.id, voter, picked)
                return
            speaking = left if event.side == "left" else right
            if isinstance(event, SideFailed):
                failed = True
                speaking = replace(speaking, failed=event.reason)
            else:
                speaking = replace(speaking, text=event.text)
            if event.side == "left":
                left = speaking
            else:
                right = speaking
            yield view()
        if not failed:
            left = replace(left, failed="The answer ended before it began: ask again.")
        left, right = _settled(left), _settled(right)
        text = "Nothing was stored; your question is back in the box."
        if not alone:
            text = "Nothing was stored and voting stays closed; your question is back in the box."
        yield replace(
            view(), busy=False, voting=False, returned=question, notice=notice(text, "bad")
        )


def _waiting_turn(question: str, picked: Picked, waiting: str) -> str:
    """Both sides, or the one, before anything was said."""
    if not picked.right:
        return speaking_turn(question, Speaking(waiting=waiting), None)
    side = Speaking(waiting=waiting)
    return speaking_turn(question, side, side)


def _title(question: str) -> str:
    """A conversation is called by its first question."""
    words = " ".join(question.split())
    return words if len(words) <= _LONGEST_TITLE else words[: _LONGEST_TITLE - 1].rstrip() + "…"


def _settled(side: Speaking) -> Speaking:
    """A side that will say no more."""
    if side.failed or side.text:
        return side
    return replace(side, failed="Not answered, because the other side failed.")
