"""SQL of reviews, and of the questions offered in the chat for a comparison."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Connection, RowMapping, delete, insert, select

from assistant.errors import InvalidRequest, NotFound
from assistant.records import CRITERIA
from assistant.review.records import (
    OfferedQuestion,
    Review,
    ReviewedItem,
    ReviewItem,
    ReviewPassage,
)
from assistant.store.assistants import assistant
from assistant.store.schema import offered_questions, review_items, reviews
from assistant.store.statements import inserted, row_of, upserted
from assistant.store.votes import MAX_COMMENT, MAX_VOTER

_NO_ITEM = "There is no such answer in the review: it was deleted, look at the list again."
_MOST_OFFERED = 50


def add_items(connection: Connection, assistant_id: str, items: Sequence[ReviewItem]) -> int:
    assistant(connection, assistant_id)
    statement = select(review_items.c.id).where(review_items.c.assistant_id == assistant_id)
    known = set(connection.execute(statement).scalars())
    new = {item.id: item for item in items if item.id not in known}
    if new:
        connection.execute(
            insert(review_items), [{"id": key, **asdict(item)} for key, item in new.items()]
        )
    return len(new)


def items_of(connection: Connection, assistant_id: str) -> list[ReviewedItem]:
    """In the order in which they were queued, each with its reviews, oldest first."""
    statement = (
        select(review_items)
        .where(review_items.c.assistant_id == assistant_id)
        .order_by(review_items.c.queued_at, review_items.c.id)
    )
    said = (
        select(reviews)
        .join(review_items, reviews.c.item_id == review_items.c.id)
        .where(review_items.c.assistant_id == assistant_id, reviews.c.skipped.is_(False))
        .order_by(reviews.c.created_at, reviews.c.reviewer)
    )
    by_item: dict[str, list[Review]] = {}
    for row in connection.execute(said).mappings():
        by_item.setdefault(row["item_id"], []).append(Review(**row))
    found = connection.execute(statement).mappings()
    return [ReviewedItem(_item(row), tuple(by_item.get(row["id"], ()))) for row in found]


def item(connection: Connection, item_id: str) -> ReviewItem:
    return _item(row_of(connection, review_items, item_id, _NO_ITEM))


def waiting(connection: Connection, assistant_id: str, reviewer: str) -> list[ReviewItem]:
    """What this reviewer has not judged: the never seen first, then what was skipped."""
    own = select(reviews).where(reviews.c.reviewer == reviewer).subquery()
    statement = (
        select(review_items, own.c.skipped, own.c.created_at.label("seen_at"))
        .outerjoin(own, own.c.item_id == review_items.c.id)
        .where(review_items.c.assistant_id == assistant_id)
        .order_by(review_items.c.queued_at, review_items.c.id)
    )
    rows = connection.execute(statement).mappings().all()
    fresh = [_item(row) for row in rows if row["skipped"] is None]
    skipped = sorted((row for row in rows if row["skipped"]), key=lambda row: row["seen_at"])
    return fresh + [_item(row) for row in skipped]


def add_review(connection: Connection, review: Review) -> None:
    """Keep a review, in place of the reviewer's earlier one."""
    faults = _faults(review)
    if faults:
        raise InvalidRequest("The review was not kept: " + "; ".join(faults) + ".")
    row_of(connection, review_items, review.item_id, _NO_ITEM)
    key = {"item_id": review.item_id, "reviewer": review.reviewer}
    values = {name: value for name, value in asdict(review).items() if name not in key}
    if not upserted(connection, reviews, key, values):
        raise NotFound(_NO_ITEM)


def delete_items(connection: Connection, assistant_id: str, ids: Sequence[str]) -> int:
    statement = delete(review_items).where(
        review_items.c.assistant_id == assistant_id, review_items.c.id.in_(ids)
    )
    return connection.execute(statement).rowcount


def offer(connection: Connection, assistant_id: str, offered: Sequence[OfferedQuestion]) -> int:
    assistant(connection, assistant_id)
    added = 0
    for one in offered:
        values = {
            "assistant_id": assistant_id,
            "question": one.question,
            "left_kind": one.left,
            "right_kind": one.right,
            "offered_at": one.offered_at,
        }
        added += inserted(connection, offered_questions, values)
    return added


def offered_of(connection: Connection, assistant_id: str) -> list[OfferedQuestion]:
    """Oldest first, at most fifty."""
    statement = (
        select(offered_questions)
        .where(offered_questions.c.assistant_id == assistant_id)
        .order_by(offered_questions.c.position)
        .limit(_MOST_OFFERED)
    )
    return [
        OfferedQuestion(row["question"], row["left_kind"], row["right_kind"], row["offered_at"])
        for row in connection.execute(statement).mappings()
    ]


def take_back(connection: Connection, assistant_id: str, question: str) -> bool:
    """Whether it was on offer."""
    statement = delete(offered_questions).where(
        offered_questions.c.assistant_id == assistant_id,
        offered_questions.c.question == question,
    )
    return connection.execute(statement).rowcount > 0


def _item(row: RowMapping) -> ReviewItem:
    queued_at: datetime = row["queued_at"]
    return ReviewItem(
        assistant_id=row["assistant_id"],
        question=row["question"],
        answer=row["answer"],
        reference=row["reference"],
        passages=tuple(ReviewPassage(**passage) for passage in row["passages"]),
        contender_id=row["contender_id"],
        kind=row["kind"],
        origin=row["origin"],
        origin_id=row["origin_id"],
        queued_at=queued_at,
    )


def _faults(review: Review) -> list[str]:
    faults = []
    if not 0 < len(review.reviewer) <= MAX_VOTER:
        faults.append(f"the reviewer must be a text of 1 to {MAX_VOTER} characters")
    if not set(review.marks) <= set(CRITERIA):
        faults.append(f"marks are for {', '.join(CRITERIA)} alone")
    if not all(type(mark) is int and 1 <= mark <= 5 for mark in review.marks.values()):
        faults.append("a mark must be a whole number from 1 to 5")
    if max(len(review.comment), len(review.correction)) > MAX_COMMENT:
        faults.append(f"comment and correction have at most {MAX_COMMENT} characters")
    said = review.marks or review.comment.strip() or review.correction.strip()
    if not said and not review.skipped:
        faults.append("give at least one mark, a comment or a correction, or skip the answer")
    return faults
