"""“Was this useful? Was it right?”: which answers are asked about, and what is taken for an answer.

About every third answer is asked about, by its id, so that the question is seldom in the way and
nobody's taste decides which answers are judged. Never before the names of a blind comparison were
shown: what helps on one side would be a vote without being one.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from assistant.comparison import Arena
from assistant.errors import InvalidRequest, NotFound, VoteRefused
from assistant.monitoring.records import Impression
from assistant.records import Answer, Comparison, Reply
from assistant.store import Store

Said = Literal["yes", "no", "unsure"]

ASKED_EVERY = 3
"""About one answer of this many is asked about."""

_NOT_ASKED = "This answer is not asked about, so nothing was kept."


@dataclass(frozen=True, slots=True)
class TapQuestion:
    """answers: what can be said, with its label."""

    name: str
    text: str
    answers: tuple[tuple[Said, str], ...]

    def said(self, given: Impression | None) -> Said | None:
        """What stands, None where this was not answered."""
        if given is None:
            return None
        if self.name == "right" and given.unsure:
            return "unsure"
        value = given.useful if self.name == "useful" else given.right
        return None if value is None else "yes" if value else "no"


TAP_QUESTIONS = (
    TapQuestion("useful", "Was this useful?", (("yes", "Yes"), ("no", "No"))),
    TapQuestion("right", "Was it right?", (("yes", "Yes"), ("no", "No"), ("unsure", "Don't know"))),
)


def is_asked_about(turn: str, side: str, answer: Answer) -> bool:
    """Whether this side of a comparison, or a reply's one side “left”, is asked about."""
    drawn = hashlib.sha256(f"{turn} {side}".encode()).digest()
    return not answer.stopped and int.from_bytes(drawn[:8], "big") % ASKED_EVERY == 0


def take_impression(
    store: Store, arena: Arena, turn: str, side: str, voter: str, question: str, said: str
) -> Impression:
    """Keep one answer of the voter's, in place of an earlier one to the same question.

    turn: id of a comparison or reply. Raises NotFound, InvalidRequest, and VoteRefused for a side
    whose names this voter has not seen; nothing is kept then.
    """
    asked = next((one for one in TAP_QUESTIONS if one.name == question), None)
    if asked is None or said not in {value for value, _ in asked.answers}:
        raise InvalidRequest("This cannot be kept: it answers none of the two questions.")
    about = _turn(store, turn)
    answer = _answer_on(about, side)
    if isinstance(about, Comparison) and not arena.revealed(about, voter):
        raise VoteRefused("Vote first: nothing was kept, these answers are still blind.")
    if answer is None or not is_asked_about(turn, side, answer):
        raise InvalidRequest(_NOT_ASKED)
    value = None if said == "unsure" else said == "yes"
    given = Impression(
        turn=turn,
        side=side,
        voter=voter,
        contender_id=answer.contender.id,
        created_at=datetime.now(UTC),
        useful=value if question == "useful" else None,
        right=value if question == "right" else None,
        unsure=said == "unsure",
    )
    store.add_impression(about.assistant_id, given)
    return given


def _turn(store: Store, turn: str) -> Comparison | Reply:
    try:
        return store.comparison(turn)
    except NotFound:
        return store.reply(turn)


def _answer_on(turn: Comparison | Reply, side: str) -> Answer | None:
    """None for a side that there is not."""
    if isinstance(turn, Reply):
        return turn.answer if side == "left" else None
    return {"left": turn.left, "right": turn.right}.get(side)
