"""One question put to two contenders: the sides drawn, both streamed, the whole stored.

A comparison is in the store before anyone can vote on it, and a vote names it by its id alone.
"""

from __future__ import annotations

import logging
import random
import secrets
import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, Protocol

from assistant.answering import Answered, Prepared, Responder
from assistant.contestants import contestants
from assistant.errors import DuetError, InvalidRequest, NotFound
from assistant.prompts import PastTurn
from assistant.records import (
    Answer,
    Assistant,
    Choice,
    Comparison,
    Contender,
    ContenderKind,
    Conversation,
    Example,
    Reply,
    Vote,
    example_id,
)
from assistant.store import Store

logger = logging.getLogger(__name__)

Side = Literal["left", "right"]
_SIDES: tuple[Side, Side] = ("left", "right")


@dataclass(frozen=True, slots=True)
class SideText:
    """All that a side has said so far."""

    side: Side
    text: str


@dataclass(frozen=True, slots=True)
class SideFailed:
    """A side could not answer; reason is a sentence. Nothing is stored to vote on."""

    side: Side
    reason: str


@dataclass(frozen=True, slots=True)
class Compared:
    """Both sides are whole and stored; the comparison may be voted on unless a side was stopped."""

    comparison: Comparison


@dataclass(frozen=True, slots=True)
class Replied:
    """The single pane's answer is whole and stored."""

    reply: Reply


class Answers(Protocol):
    """What a comparison needs of the workspace."""

    @property
    def store(self) -> Store: ...
    def assistant(self, name: str) -> Assistant: ...
    def contender(
        self, assistant: Assistant, kind: ContenderKind, run_id: str | None = None
    ) -> Contender: ...
    def responder(self, assistant: Assistant) -> Responder: ...


class Arena:
    """Puts questions to contenders, one pair or one alone, and takes the votes."""

    def __init__(self, workspace: Answers) -> None:
        self._workspace = workspace
        self._store = workspace.store

    def start(
        self,
        assistant: Assistant,
        left: ContenderKind,
        right: ContenderKind | None,
        blind: bool,
        left_run: str | None = None,
        right_run: str | None = None,
    ) -> Conversation:
        """Begin a conversation with two contenders or, with `right` None, with one.

        left_run, right_run: the run of a tuned one, the latest at every question where not named.

        Raises InvalidRequest where a contender is put against itself or cannot answer yet, NotFound
        for an unknown run.
        """
        if (left, left_run) == (right, right_run):
            raise InvalidRequest("Choose two different contenders to compare.")
        version = self._workspace.contender(assistant, left, left_run)
        if right is not None and version == self._workspace.contender(assistant, right, right_run):
            raise InvalidRequest(
                "Both sides are the same version now: choose two different ones to compare."
            )
        now = datetime.now(UTC)
        conversation = Conversation(
            id=str(uuid.uuid4()),
            assistant_id=assistant.id,
            title="",
            left=left,
            right=right,
            blind=blind and right is not None,
            created_at=now,
            updated_at=now,
            left_run=left_run,
            right_run=right_run if right is not None else None,
        )
        self._store.add_conversation(conversation)
        return conversation

    def compare(
        self,
        conversation_id: str,
        question: str,
        voter: str,
        cancelled: threading.Event,
    ) -> Iterator[SideText | SideFailed | Compared]:
        """Put the question to both sides and store the comparison when both are whole.

        Sides are drawn at random in a blind conversation, and drawn anew once the names of the last
        comparison have been shown. There the first text of both comes together, so that speed does
        not tell which is which.

        Raises NotFound, InvalidRequest.
        """
        conversation = self._store.conversation(conversation_id)
        if conversation.right is None:
            raise InvalidRequest("This conversation has one side: ask in a new one to compare.")
        question = _asked(question)
        assistant = self._workspace.assistant(conversation.assistant_id)
        earlier = self._store.comparisons(conversation_id)
        seed = self._draw(conversation, earlier, voter)
        left, right = contestants(conversation)
        assert right is not None
        asked = (left, right)
        order = _order(conversation.blind, seed)
        try:
            responder = self._workspace.responder(assistant)
            contenders = [
                self._workspace.contender(assistant, asked[place].kind, asked[place].run_id)
                for place in order
            ]
        except DuetError as error:
            yield from (SideFailed(side, str(error)) for side in _SIDES)
            return
        prepared: list[Prepared] = []
        for side, place, contender in zip(_SIDES, order, contenders, strict=True):
            try:
                history = _history_of(place, earlier)
                prepared.append(responder.prepare(contender, question, history))
            except DuetError as error:
                yield SideFailed(side, str(error))
        if len(prepared) < len(_SIDES):
            return
        answers: dict[int, Answer] = {}
        held = _Curtain(open_at_once=not conversation.blind)
        try:
            for event in responder.respond(prepared, cancelled):
                if isinstance(event, Answered):
                    answers[event.index] = event.answer
                else:
                    yield from held.show(event.index, event.text)
        except DuetError as error:
            logger.warning("a comparison failed: %s", error)
            failed = [side for index, side in enumerate(_SIDES) if index not in answers]
            yield from (SideFailed(side, str(error)) for side in failed or _SIDES)
            return
        comparison = Comparison(
            id=str(uuid.uuid4()),
            assistant_id=assistant.id,
            conversation_id=conversation_id,
            question=question,
            left=answers[0],
            right=answers[1],
            blind=conversation.blind,
            seed=seed,
            created_at=datetime.now(UTC),
        )
        try:
            self._store.add_comparison(comparison)
        except DuetError as error:
            yield from (SideFailed(side, str(error)) for side in _SIDES)
            return
        yield Compared(comparison)

    def ask(
        self,
        conversation_id: str,
        question: str,
        cancelled: threading.Event,
    ) -> Iterator[SideText | SideFailed | Replied]:
        """Put the question to the one contender of the conversation and store its reply.

        Raises NotFound, InvalidRequest.
        """
        conversation = self._store.conversation(conversation_id)
        question = _asked(question)
        assistant = self._workspace.assistant(conversation.assistant_id)
        earlier = [
            PastTurn(reply.question, reply.answer.text)
            for reply in self._store.replies(conversation_id)
        ]
        try:
            responder = self._workspace.responder(assistant)
            contender = self._workspace.contender(
                assistant, conversation.left, conversation.left_run
            )
            prepared = responder.prepare(contender, question, earlier)
            for event in responder.respond([prepared], cancelled):
                if isinstance(event, Answered):
                    reply = Reply(
                        id=str(uuid.uuid4()),
                        assistant_id=assistant.id,
                        conversation_id=conversation_id,
                        question=question,
                        answer=event.answer,
                        created_at=datetime.now(UTC),
                    )
                    self._store.add_reply(reply)
                    yield Replied(reply)
                else:
                    yield SideText("left", event.text)
        except DuetError as error:
            yield SideFailed("left", str(error))

    def vote(
        self,
        comparison_id: str,
        voter: str,
        choice: Choice,
        marks: Mapping[str, Mapping[str, int]] | None = None,
        comment: str = "",
    ) -> Vote:
        """Store a vote; the store decides whether it counts as blind.

        marks: side to criterion to 1-5. Raises NotFound, InvalidRequest, VoteRefused.
        """
        comparison = self._store.comparison(comparison_id)
        return self._store.add_vote(
            Vote(
                comparison_id=comparison_id,
                voter=voter,
                choice=choice,
                blind=comparison.blind,
                created_at=datetime.now(UTC),
                marks={side: dict(own) for side, own in (marks or {}).items()},
                comment=comment.strip(),
            )
        )

    def revealed(self, comparison: Comparison, voter: str) -> bool:
        """Whether this voter may see the names: in the open, or after a vote of theirs."""
        return not comparison.blind or self._store.voted(comparison.id, voter) is not None

    def save_example(self, answered_id: str, answer: str) -> Example:
        """Keep the question of a comparison or reply with a corrected answer, for training.

        Raises NotFound, InvalidRequest.
        """
        answer = answer.strip()
        if not answer:
            raise InvalidRequest("Write the right answer first; nothing was saved.")
        asked: Comparison | Reply
        try:
            asked = self._store.comparison(answered_id)
        except NotFound:
            asked = self._store.reply(answered_id)
        example = Example(
            id=example_id(asked.question, answer),
            question=asked.question,
            answer=answer,
            source="vote",
            split="train",
            method="saved from the chat",
        )
        self._store.add_examples(asked.assistant_id, [example])
        return example

    def thumb(self, reply_id: str, voter: str, up: bool) -> None:
        """Keep a thumb for a single pane's answer; a voter's later thumb takes its place."""
        self._store.add_thumb(reply_id, voter, up)

    def _draw(self, conversation: Conversation, earlier: Sequence[Comparison], voter: str) -> int:
        """The seed that places the next comparison's sides; the last one's while it is hidden."""
        if not conversation.blind:
            return 0
        if earlier and not self.revealed(earlier[-1], voter):
            return earlier[-1].seed
        return secrets.randbits(31)


def _order(blind: bool, seed: int) -> tuple[int, int]:
    """Which of the two that were picked, 0 or 1, stands left and which right."""
    swapped = blind and random.Random(seed).random() < 0.5
    return (1, 0) if swapped else (0, 1)


class _Curtain:
    """Holds back what the sides say until all have begun."""

    def __init__(self, open_at_once: bool) -> None:
        self._open = open_at_once
        self._said: dict[int, str] = {}

    def show(self, index: int, text: str) -> Iterator[SideText]:
        if self._open:
            yield SideText(_SIDES[index], text)
            return
        self._said[index] = text
        if len(self._said) == len(_SIDES):
            self._open = True
            yield from (SideText(_SIDES[index], said) for index, said in self._said.items())


def _asked(question: str) -> str:
    question = question.strip()
    if not question:
        raise InvalidRequest("Write a question first.")
    return question


def _history_of(place: int, earlier: Sequence[Comparison]) -> list[PastTurn]:
    """What the contender picked first (0) or second (1) was asked and said, on whichever side."""
    turns = []
    for one in earlier:
        side = _order(one.blind, one.seed).index(place)
        turns.append(PastTurn(one.question, (one.left, one.right)[side].text))
    return turns
