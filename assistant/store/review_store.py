"""The part of `Store` that is about reviews, offered questions and use over time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from assistant.monitoring.records import Impression, Use
from assistant.review.records import OfferedQuestion, Review, ReviewedItem, ReviewItem
from assistant.store import reviews, use
from assistant.store.database import Database


class ReviewStore:
    """Each method is one transaction, as in `Store`."""

    _database: Database

    def add_review_items(self, assistant_id: str, items: Sequence[ReviewItem]) -> int:
        """Queue answers; returns how many were not queued before. Raises NotFound."""
        with self._database.write() as connection:
            return reviews.add_items(connection, assistant_id, items)

    def review_items(self, assistant_id: str) -> list[ReviewedItem]:
        """All that was ever queued, oldest first, with the reviews."""
        with self._database.read() as connection:
            return reviews.items_of(connection, assistant_id)

    def review_item(self, item_id: str) -> ReviewItem:
        """Raises NotFound."""
        with self._database.read() as connection:
            return reviews.item(connection, item_id)

    def waiting_for_review(self, assistant_id: str, reviewer: str) -> list[ReviewItem]:
        """What this reviewer has not judged: the never seen first, then what was skipped."""
        with self._database.read() as connection:
            return reviews.waiting(connection, assistant_id, reviewer)

    def add_review(self, review: Review) -> None:
        """Keep a review in place of the reviewer's earlier one. Raises NotFound, InvalidRequest."""
        with self._database.write() as connection:
            reviews.add_review(connection, review)

    def delete_review_items(self, assistant_id: str, ids: Sequence[str]) -> int:
        """Take answers out of the review, with what was said of them; how many were there."""
        with self._database.write() as connection:
            return reviews.delete_items(connection, assistant_id, ids)

    def offer_questions(self, assistant_id: str, offered: Sequence[OfferedQuestion]) -> int:
        """Offer questions in the chat; returns how many were not on offer. Raises NotFound."""
        with self._database.write() as connection:
            return reviews.offer(connection, assistant_id, offered)

    def offered_questions(self, assistant_id: str) -> list[OfferedQuestion]:
        """Oldest first, at most fifty."""
        with self._database.read() as connection:
            return reviews.offered_of(connection, assistant_id)

    def take_back_question(self, assistant_id: str, question: str) -> bool:
        """Offer it no more; whether it was on offer."""
        with self._database.write() as connection:
            return reviews.take_back(connection, assistant_id, question)

    def add_impression(self, assistant_id: str, given: Impression) -> None:
        """Keep a one-tap answer about a side; its contender is read here, not believed.

        Raises NotFound, InvalidRequest.
        """
        with self._database.write() as connection:
            use.add_impression(connection, assistant_id, given)

    def impressions(self, turns: Sequence[str], voter: str) -> list[Impression]:
        """What this voter answered in one tap about these comparisons and replies."""
        with self._database.read() as connection:
            return use.impressions_of(connection, turns, voter)

    def use(self, assistant_id: str, since: datetime) -> Use:
        """All answers, votes, thumbs and impressions from that moment on, oldest first."""
        with self._database.read() as connection:
            return use.use_of(connection, assistant_id, since)

    def refused_questions(self, assistant_id: str, since: datetime) -> list[tuple[str, datetime]]:
        """Each question that a contender refused, with its moment, oldest first."""
        with self._database.read() as connection:
            return use.refused_questions(connection, assistant_id, since)
