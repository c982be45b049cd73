"""The values of a review: an answer in the queue, and what an expert says of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, get_args

from assistant.records import ContenderKind, content_hash

Origin = Literal["errors", "chat", "sample"]
ORIGINS: tuple[Origin, ...] = get_args(Origin)


@dataclass(frozen=True, slots=True)
class ReviewPassage:
    """A passage shown beside the answer."""

    document: str
    text: str


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """An answer that waits for experts; a copy, so that it outlives what it came from.

    reference: "" where none is known. contender_id, kind: who answered, hidden from reviewers.
    origin_id: the evaluation, comparison or reply it is from.
    """

    assistant_id: str
    question: str
    answer: str
    reference: str
    passages: tuple[ReviewPassage, ...]
    contender_id: str
    kind: ContenderKind
    origin: Origin
    origin_id: str
    queued_at: datetime

    @property
    def id(self) -> str:
        """The same words by the same contender are the same item."""
        parts = [self.assistant_id, self.contender_id, self.question, self.answer]
        return content_hash(parts)[:32]


@dataclass(frozen=True, slots=True)
class Review:
    """What one reviewer says of an item. marks: 1 to 5 by criterion. correction: "" for none.

    skipped: the reviewer passed it over; it has no marks then, and may be judged later.
    """

    item_id: str
    reviewer: str
    created_at: datetime
    marks: Mapping[str, int] = field(default_factory=dict)
    comment: str = ""
    correction: str = ""
    skipped: bool = False


@dataclass(frozen=True, slots=True)
class ReviewedItem:
    """An item with all reviews of it, skips left out."""

    item: ReviewItem
    reviews: tuple[Review, ...]


@dataclass(frozen=True, slots=True)
class OfferedQuestion:
    """A question offered in the chat for a blind comparison of these two kinds."""

    question: str
    left: ContenderKind
    right: ContenderKind
    offered_at: datetime
