"""What becomes of a judgement: votes with their marks, right answers, thumbs, one-tap answers."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from assistant.errors import InvalidRequest
from assistant.monitoring.one_tap import take_impression
from assistant.ratings.judgements import judgements
from assistant.records import CRITERIA, Choice, Comparison, Vote
from assistant.ui.chat_views import ChatViews
from assistant.ui.notices import notice
from assistant.ui.services import Services
from assistant.ui.standing import standing


class Judging:
    """Takes judgements and says what they changed."""

    def __init__(self, services: Services, views: ChatViews) -> None:
        self._services = services
        self._views = views
        self._store = services.workspace.store
        self._arena = services.arena

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
        before = self._views.vote_of(answered, voter)
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

    def impression(self, turn: str, side: str, voter: str, question: str, said: str) -> None:
        """Keep a one-tap answer. Raises NotFound, InvalidRequest, VoteRefused."""
        take_impression(self._store, self._arena, turn, side, voter, question, said)

    def _outcome(self, comparison: Comparison, kept: Vote, before: Vote | None) -> str:
        names = self._views.names(comparison)
        sides = (comparison.left.contender, comparison.right.contender)
        named = f"A was {names[0]}, B was {names[1]}."
        assistant = self._services.assistant(comparison.assistant_id)
        held = judgements(self._store, assistant.id)
        self._services.preparation.read_results(assistant)
        text = f"{named} {standing(held, sides, names, kept.blind)}"
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
