"""What the chat shows and does, without a widget: the handlers behind the chat tab.

Each handler takes ids and words, calls the core, and returns a `ChatView` of all that is shown.
"""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from html import escape

from assistant.comparison import Compared, Replied, SideFailed, SideText
from assistant.errors import DuetError, InvalidRequest
from assistant.records import (
    CRITERIA,
    KINDS,
    Assistant,
    Choice,
    Comparison,
    ContenderKind,
    Conversation,
    Reply,
    Vote,
)
from assistant.shipped import sample_description
from assistant.ui.notices import notice, sentence_of
from assistant.ui.preparation import Stage
from assistant.ui.services import Services
from assistant.ui.standing import standing
from assistant.ui.turns import Speaking, compared_turn, replied_turn, speaking_turn, welcome
from assistant.ui.words import CHOSEN, NAMES

_ONE_SIDE = ""  # the value of the second picker where there is no second side
_LONGEST_TITLE = 80
_QUEUED = "Waiting: another question is being answered first."
_HINT_BLIND = "Two contenders answer side by side. Their names are shown after your vote."
_HINT_OPEN = "Two contenders answer side by side."
_HINT_ALONE = "One contender answers."


@dataclass(frozen=True, slots=True)
class Picked:
    """The contenders as picked below the question; right is "" for one side."""

    left: str
    right: str
    blind: bool

    def kinds(self) -> tuple[ContenderKind, ContenderKind | None]:
        """Raises InvalidRequest for a kind that there is not."""
        if self.left not in KINDS or self.right not in (*KINDS, _ONE_SIDE, None):
            raise InvalidRequest("Choose who answers from the lists below the question.")
        return self.left, (self.right or None)  # type: ignore[return-value]


@dataclass(frozen=True, slots=True)
class ChatView:
    """All that the chat shows.

    answered: id of what the vote bar is about. voting: the bar can be seen; votable: it takes a
    vote. returned: a question put back for the person to ask again.
    """

    conversation: str = ""
    history: str = ""
    turn: str = ""
    notice: str = ""
    answered: str = ""
    voting: bool = False
    votable: bool = False
    chosen: Choice | None = None
    prompt: str = ""
    correctable: bool = False
    busy: bool = False
    returned: str = ""


@dataclass(slots=True)
class _Asking:
    """A question on its way. left: its browser has gone on to something else."""

    cancelled: threading.Event = field(default_factory=threading.Event)
    left: bool = False


class Chat:
    """The handlers of the chat. Safe to use from several browsers at once."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._store = services.workspace.store
        self._arena = services.arena
        self._lock = threading.Lock()
        self._asking: dict[str, _Asking] = {}

    # What is shown

    def show(
        self,
        assistant_id: str,
        conversation_id: str,
        voter: str,
        picked: Picked,
        answered: str = "",
    ) -> ChatView:
        """A conversation as the store has it; an empty one where the id is ""."""
        if not conversation_id:
            return ChatView(turn=self._welcome(assistant_id, picked))
        conversation = self._store.conversation(conversation_id)
        if conversation.right is None:
            return self._show_replies(conversation, voter)
        comparisons = self._store.comparisons(conversation_id)
        if not comparisons:
            return ChatView(conversation_id, turn=self._welcome(assistant_id, picked))
        judged = next((one for one in comparisons if one.id == answered), comparisons[-1])
        shown = [self._compared(comparison, voter, judged.id) for comparison in comparisons]
        vote = self._vote_of(judged.id, voter)
        votable = not (judged.left.stopped or judged.right.stopped)
        earlier = judged is not comparisons[-1]
        return ChatView(
            conversation=conversation_id,
            history="".join(shown[:-1]),
            turn=shown[-1],
            answered=judged.id,
            voting=True,
            votable=votable,
            chosen=vote.choice if vote else None,
            prompt=_prompt(judged, vote, votable, earlier),
            correctable=True,
        )

    def picked_of(self, conversation_id: str) -> Picked:
        """What a conversation was begun with."""
        conversation = self._store.conversation(conversation_id)
        return Picked(conversation.left, conversation.right or _ONE_SIDE, conversation.blind)

    def default_picked(self, assistant_id: str) -> Picked:
        """RAG against the tuned model where both answer, else the one that does."""
        ready = [kind for kind, reason in self.reasons(assistant_id) if not reason]
        if {"rag", "tuned"} <= set(ready):
            return Picked("rag", "tuned", True)
        return Picked("rag" if "rag" in ready else "base", _ONE_SIDE, True)

    def reasons(self, assistant_id: str) -> list[tuple[ContenderKind, str]]:
        """Each contender with the sentence why it cannot answer yet, "" where it can."""
        if not assistant_id:
            return [(kind, "") for kind in KINDS]
        assistant = self._services.assistant(assistant_id)
        if self._services.preparation.makes(assistant):
            return [(kind, "") for kind in KINDS]  # a question asked now waits until they can
        return [(kind, self._services.workspace.unavailable(assistant, kind)) for kind in KINDS]

    # Asking

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
                view = self.show(assistant_id, conversation_id, voter, picked)
                stopped = notice("Stopped before it began; your question is back in the box.")
                yield assistant_id, replace(view, notice=stopped, returned=question)
                return
            conversation = self._conversation(assistant, conversation_id, picked)
            history = self._all_turns(conversation, voter)
            for view in self._stream(conversation, question, history, voter, cancelled, picked):
                yield assistant.id, view
        except Exception as error:
            sentence = sentence_of(error)
            turn = speaking_turn(question, Speaking(failed=sentence), None)
            yield assistant_id, ChatView(conversation_id, history, turn, returned=question)
        finally:
            cancelled.set()

    # Judging

    def vote(
        self,
        answered: str,
        voter: str,
        choice: Choice,
        marks: dict[str, dict[str, int]],
        comment: str,
    ) -> str:
        """Take a vote; returns what became of it, as HTML.

        Raises NotFound, InvalidRequest or VoteRefused; nothing is counted then.
        """
        if not answered:
            raise InvalidRequest("There is nothing to vote on yet: ask a question first.")
        comparison = self._store.comparison(answered)
        before = self._vote_of(answered, voter)
        kept = self._arena.vote(answered, voter, choice, marks, comment)
        return self._outcome(comparison, kept, before)

    def save_example(self, answered: str, text: str) -> str:
        """Keep a right answer as an example; returns a notice."""
        if not answered:
            raise InvalidRequest("There is no answer to correct yet: ask a question first.")
        example = self._arena.save_example(answered, text)
        return notice(f"Saved as an example for “{example.question}”.", "good")

    def thumb(self, reply_id: str, voter: str, up: bool) -> None:
        """Keep a thumb for a single pane's answer. Raises NotFound."""
        self._arena.thumb(reply_id, voter, up)

    # Parts of the above

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
        left, right = picked.kinds()
        if conversation_id:
            known = self._store.conversation(conversation_id)
            same = (known.left, known.right) == (left, right)
            if same and (right is None or known.blind == picked.blind):
                return known
        return self._arena.start(assistant, left, right, picked.blind)

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
                if not conversation.title:
                    self._store.rename_conversation(conversation.id, _title(question))
                yield self.show(conversation.assistant_id, conversation.id, voter, picked)
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
        text = "Nothing was stored and voting stays closed; your question is back in the box."
        yield replace(
            view(), busy=False, voting=False, returned=question, notice=notice(text, "bad")
        )

    def _welcome(self, assistant_id: str, picked: Picked) -> str:
        hint = _HINT_ALONE
        if picked.right:
            hint = _HINT_BLIND if picked.blind else _HINT_OPEN
        if not assistant_id:
            described = sample_description()
            return welcome(described.name, described.task, described.example_questions, hint)
        assistant = self._services.assistant(assistant_id)
        questions = self._services.workspace.example_questions(assistant)
        return welcome(assistant.name, assistant.task, questions, hint)

    def _show_replies(self, conversation: Conversation, voter: str) -> ChatView:
        turns = self._replies(conversation, voter)
        replies = self._store.replies(conversation.id)
        if not turns:
            picked = Picked(conversation.left, _ONE_SIDE, False)
            turn = self._welcome(conversation.assistant_id, picked)
            return ChatView(conversation.id, turn=turn)
        return ChatView(
            conversation.id,
            history="".join(turns[:-1]),
            turn=turns[-1],
            answered=replies[-1].id,
            correctable=True,
        )

    def _replies(self, conversation: Conversation, voter: str) -> list[str]:
        thumbs = {
            thumb.reply_id: thumb.up
            for thumb in self._store.thumbs(conversation.assistant_id)
            if thumb.voter == voter
        }
        replies: Sequence[Reply] = self._store.replies(conversation.id)
        return [replied_turn(reply, thumbs.get(reply.id)) for reply in replies]

    def _all_turns(self, conversation: Conversation, voter: str) -> str:
        if conversation.right is None:
            return "".join(self._replies(conversation, voter))
        comparisons = self._store.comparisons(conversation.id)
        return "".join(self._compared(comparison, voter, "") for comparison in comparisons)

    def _compared(self, comparison: Comparison, voter: str, answered: str) -> str:
        vote = self._vote_of(comparison.id, voter)
        revealed = self._arena.revealed(comparison, voter)
        note = f"<span>You voted: {CHOSEN[vote.choice]}.</span>" if vote else ""
        votable = (
            vote is None
            and comparison.id != answered
            and not (comparison.left.stopped or comparison.right.stopped)
        )
        return compared_turn(comparison, revealed, note, votable)

    def _vote_of(self, comparison_id: str, voter: str) -> Vote | None:
        """The voter's standing vote: the open one where there is one, else the blind one."""
        return self._store.open_vote(comparison_id, voter) or self._store.voted(
            comparison_id, voter
        )

    def _outcome(self, comparison: Comparison, kept: Vote, before: Vote | None) -> str:
        left, right = comparison.left.contender.kind, comparison.right.contender.kind
        named = f"A was {NAMES[left]}, B was {NAMES[right]}."
        assistant = self._services.assistant(comparison.assistant_id)
        tallies = self._services.workspace.tallies(assistant)
        text = f"{named} {standing(tallies, left, right, kept.blind)}"
        if before is not None and not kept.blind:
            text = f"Changed. {text}" if before.choice != kept.choice else f"Kept. {text}"
        return f"<span>{escape(text)}</span>"


def marks_of(values: Sequence[object]) -> dict[str, dict[str, int]]:
    """Marks from the eight rows of the form, A's four first; rows left empty are left out."""
    marks: dict[str, dict[str, int]] = {}
    sides = [(side, criterion) for side in ("left", "right") for criterion in CRITERIA]
    for (side, criterion), value in zip(sides, values, strict=True):
        if isinstance(value, int | str) and str(value) in {"1", "2", "3", "4", "5"}:
            marks.setdefault(side, {})[criterion] = int(value)
    return marks


def _waiting_turn(question: str, picked: Picked, waiting: str) -> str:
    """Both sides, or the one, before anything was said."""
    if not picked.right:
        return speaking_turn(question, Speaking(waiting=waiting), None)
    side = Speaking(waiting=waiting)
    return speaking_turn(question, side, side)


def _prompt(judged: Comparison, vote: Vote | None, votable: bool, earlier: bool) -> str:
    if not votable:
        return (
            "<span>One side was stopped, so this cannot be voted on. Ask again to compare.</span>"
        )
    if vote is not None:
        return "<span>You voted. Pressing another one counts as an open vote.</span>"
    if earlier:
        return f"<span>Which is better for “{escape(judged.question)}”?</span>"
    return "<span>Which is better?</span>"


def _title(question: str) -> str:
    """A conversation is called by its first question."""
    words = " ".join(question.split())
    return words if len(words) <= _LONGEST_TITLE else words[: _LONGEST_TITLE - 1].rstrip() + "…"


def _settled(side: Speaking) -> Speaking:
    """A side that will say no more."""
    if side.failed or side.text:
        return side
    return replace(side, failed="Not answered, because the other side failed.")


def said(error: DuetError) -> str:
    """A notice of an error."""
    return notice(sentence_of(error), "bad")
