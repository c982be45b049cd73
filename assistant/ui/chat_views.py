"""What the chat shows of a conversation, as the store has it; the browser is not asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from assistant.contestants import Contestant, contestant_of, contestants
from assistant.drawing.words import CHOSEN, NAMES, run_title
from assistant.errors import InvalidRequest
from assistant.first_questions import first_questions
from assistant.ratings.choosing import ChosenPair, choose_pair
from assistant.ratings.judgements import judgements
from assistant.records import (
    KINDS,
    Choice,
    Comparison,
    ContenderKind,
    Conversation,
    Reply,
    Vote,
)
from assistant.runs import Run
from assistant.shipped import sample_description
from assistant.ui.one_tap_html import Given
from assistant.ui.services import Services
from assistant.ui.turns import compared_turn, replied_turn, welcome

ONE_SIDE = ""  # the value of the second picker where there is no second side

_EARLIER_RUNS = 5  # offered beside the latest one
_OFFERED = 5  # questions of an error list that a new chat offers
_HINT_BLIND = "Two contenders answer side by side. Their names are shown after your vote."
_HINT_OPEN = "Two contenders answer side by side."
_HINT_ALONE = "One contender answers."


@dataclass(frozen=True, slots=True)
class Picked:
    """The contenders as picked below the question, as `Contestant.written`; right is "" for one
    side."""

    left: str
    right: str
    blind: bool

    def contestants(self) -> tuple[Contestant, Contestant | None]:
        """Raises InvalidRequest for one that there is not."""
        return contestant_of(self.left), contestant_of(self.right) if self.right else None


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


class ChatViews:
    """Makes the views of conversations that stand still."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._store = services.workspace.store
        self._arena = services.arena

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
        shown = self._compared_turns(comparisons, voter, judged.id)
        vote = self.vote_of(judged.id, voter)
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
        left, right = contestants(conversation)
        return Picked(left.written, right.written if right else ONE_SIDE, conversation.blind)

    def default_picked(self, assistant_id: str) -> Picked:
        """RAG against the tuned model where both answer, else the one that does."""
        ready = [kind for kind, reason in self.reasons(assistant_id) if not reason]
        if {"rag", "tuned"} <= set(ready):
            return Picked("rag", "tuned", True)
        return Picked("rag" if "rag" in ready else "base", ONE_SIDE, True)

    def picked_for(self, assistant_id: str, question: str) -> Picked:
        """The pair, blind, that an offered question is for.

        Raises InvalidRequest where it is offered no more, or one of the pair cannot answer yet.
        """
        known = self._store.offered_questions(assistant_id)
        offered = next((one for one in known if one.question == question), None)
        if offered is None:
            raise InvalidRequest(
                "This question is offered no more: it was asked already. Write it to ask it again."
            )
        reasons = dict(self.reasons(assistant_id))
        reason = reasons[offered.left] or reasons[offered.right]
        if reason:
            raise InvalidRequest(reason)
        return Picked(offered.left, offered.right, True)

    def chosen_pair(self, assistant_id: str) -> ChosenPair | None:
        """The pair of which a vote teaches most; None where fewer than two can answer."""
        assistant = self._services.assistant(assistant_id)
        ready = [kind for kind, reason in self.reasons(assistant_id) if not reason]
        return choose_pair(judgements(self._store, assistant.id), ready)

    def reasons(self, assistant_id: str) -> list[tuple[ContenderKind, str]]:
        """Each contender with the sentence why it cannot answer yet, "" where it can."""
        if not assistant_id:
            return [(kind, "") for kind in KINDS]
        assistant = self._services.assistant(assistant_id)
        if self._services.preparation.makes(assistant):
            return [(kind, "") for kind in KINDS]  # a question asked now waits until they can
        return [(kind, self._services.workspace.unavailable(assistant, kind)) for kind in KINDS]

    def _welcome(self, assistant_id: str, picked: Picked) -> str:
        hint = _HINT_ALONE
        if picked.right:
            hint = _HINT_BLIND if picked.blind else _HINT_OPEN
        if not assistant_id:
            described = sample_description()
            return welcome(described.name, described.task, described.example_questions, hint)
        assistant = self._services.assistant(assistant_id)
        offered = self._store.offered_questions(assistant.id)[:_OFFERED]
        known = {one.question for one in offered}
        examples = first_questions(self._services.workspace, assistant)
        questions = [question for question in examples if question not in known]
        return welcome(assistant.name, assistant.task, questions, hint, offered)

    def _show_replies(self, conversation: Conversation, voter: str) -> ChatView:
        turns = self._replies(conversation, voter)
        replies = self._store.replies(conversation.id)
        if not turns:
            picked = Picked(contestants(conversation)[0].written, ONE_SIDE, False)
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
        given = self._given([reply.id for reply in replies], voter)
        disclaimer = self._disclaimer(conversation.assistant_id)
        return [replied_turn(reply, thumbs.get(reply.id), given, disclaimer) for reply in replies]

    def all_turns(self, conversation: Conversation, voter: str) -> str:
        """Every turn so far, as they stand above a question that is being answered."""
        if conversation.right is None:
            return "".join(self._replies(conversation, voter))
        comparisons = self._store.comparisons(conversation.id)
        return "".join(self._compared_turns(comparisons, voter, ""))

    def _compared_turns(
        self, comparisons: Sequence[Comparison], voter: str, answered: str
    ) -> list[str]:
        given = self._given([comparison.id for comparison in comparisons], voter)
        return [self._compared(comparison, voter, answered, given) for comparison in comparisons]

    def _given(self, turns: Sequence[str], voter: str) -> Given:
        return {(one.turn, one.side): one for one in self._store.impressions(turns, voter)}

    def _compared(self, comparison: Comparison, voter: str, answered: str, given: Given) -> str:
        vote = self.vote_of(comparison.id, voter)
        revealed = self._arena.revealed(comparison, voter)
        note = f"<span>You voted: {CHOSEN[vote.choice]}.</span>" if vote else ""
        votable = (
            vote is None
            and comparison.id != answered
            and not (comparison.left.stopped or comparison.right.stopped)
        )
        disclaimer = self._disclaimer(comparison.assistant_id)
        names = self.names(comparison) if revealed else None
        return compared_turn(comparison, revealed, note, votable, given, disclaimer, names)

    def _disclaimer(self, assistant_id: str) -> str:
        return self._store.assistant(assistant_id).profile.disclaimer

    def names(self, comparison: Comparison) -> tuple[str, str]:
        """What the two sides are called; two versions of one kind by their runs as well."""
        sides = (comparison.left.contender, comparison.right.contender)
        left, right = (NAMES[side.kind] for side in sides)
        if left != right:
            return left, right
        assistant = self._services.assistant(comparison.assistant_id)
        known = {run.id: run for run in self._services.workspace.runs(assistant).list()}
        titles = [run_title(known.get(side.run_id or ""), side.run_id) for side in sides]
        return f"{left} ({titles[0]})", f"{right} ({titles[1]})"

    def earlier_runs(self, assistant_id: str) -> list[Run]:
        """The newest runs that could answer beside the latest one."""
        if not assistant_id:
            return []
        assistant = self._services.assistant(assistant_id)
        runs = self._services.workspace.runs(assistant)
        latest = runs.latest_usable()
        usable = [run for run in runs.list() if run.usable]
        return [run for run in usable if latest and run.id != latest.id][:_EARLIER_RUNS]

    def vote_of(self, comparison_id: str, voter: str) -> Vote | None:
        """The voter's standing vote: the open one where there is one, else the blind one."""
        return self._store.open_vote(comparison_id, voter) or self._store.voted(
            comparison_id, voter
        )


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
