"""What monitoring reads of the store: one value for each answer, vote, thumb and impression."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from assistant.records import Choice, ContenderKind


@dataclass(frozen=True, slots=True)
class AnswerUse:
    """One answer of the chat. turn: id of its comparison or reply. cosine: as in `Answer`."""

    created_at: datetime
    turn: str
    contender_id: str
    seconds_to_first_token: float
    tokens_per_second: float
    tokens_out: int
    abstained: bool
    cosine: float | None


@dataclass(frozen=True, slots=True)
class VoteUse:
    """One vote with the contender versions on its sides."""

    created_at: datetime
    left: str
    right: str
    choice: Choice
    blind: bool
    marks: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class ThumbUse:
    """One thumb."""

    created_at: datetime
    contender_id: str
    up: bool


@dataclass(frozen=True, slots=True)
class Impression:
    """What a voter answered in one tap to “Was this useful? Was it right?”.

    turn: id of the comparison or reply. useful, right: None where that was not answered. unsure:
    the voter said that they do not know whether it was right.
    """

    turn: str
    side: str
    voter: str
    contender_id: str
    created_at: datetime
    useful: bool | None = None
    right: bool | None = None
    unsure: bool = False


@dataclass(frozen=True, slots=True)
class Use:
    """All use of an assistant since some moment, oldest first. kinds: by contender id."""

    answers: tuple[AnswerUse, ...]
    votes: tuple[VoteUse, ...]
    thumbs: tuple[ThumbUse, ...]
    impressions: tuple[Impression, ...]
    kinds: Mapping[str, ContenderKind]
