"""Krippendorff's alpha against his own example, and where it is undefined."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from assistant.review.agreement import agreements, ordinal_alpha
from assistant.review.records import Review, ReviewedItem, ReviewItem

NOW = datetime(2026, 11, 22, tzinfo=UTC)

# K. Krippendorff, Computing Krippendorff's Alpha-Reliability, 2011, example C: four observers by 12
# units, 0 for a missing value; its ordinal alpha is .815.
OBSERVERS = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, 0, 0, 0],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, 0, 3],
    [0, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, 0],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, 0],
]


def test_the_published_example() -> None:
    units = [[mark for mark in unit if mark] for unit in zip(*OBSERVERS, strict=True)]
    assert ordinal_alpha(units) == pytest.approx(0.815, abs=0.0005)


def test_perfect_and_contrary_marks() -> None:
    assert ordinal_alpha([[1, 1], [5, 5], [3, 3]]) == pytest.approx(1.0)
    contrary = ordinal_alpha([[1, 5], [5, 1], [1, 5]])
    assert contrary is not None
    assert contrary < 0


@pytest.mark.parametrize("units", [[], [[3]], [[1], [5]], [[4, 4], [4, 4, 4]]])
def test_undefined(units: list[list[int]]) -> None:
    assert ordinal_alpha(units) is None


def _item(number: int) -> ReviewItem:
    return ReviewItem("a1", f"Q{number}?", "A", "", (), "c" * 16, "rag", "errors", "e1", NOW)


def _reviewed(number: int, marks: dict[str, int]) -> ReviewedItem:
    item = _item(number)
    reviews = tuple(Review(item.id, who, NOW, {"accuracy": mark}) for who, mark in marks.items())
    return ReviewedItem(item, reviews)


def test_agreement_says_why_there_is_none() -> None:
    by = {one.criterion: one for one in agreements([_reviewed(1, {"ann": 4})])}
    assert by["accuracy"].alpha is None
    assert "two reviewers" in by["accuracy"].words
    same = agreements([_reviewed(1, {"ann": 4, "bob": 4})])
    assert "all marks are the same" in {one.criterion: one for one in same}["accuracy"].words


def test_agreement_counts_what_it_rests_on() -> None:
    items = [_reviewed(n, {"ann": 1 + n % 5, "bob": 1 + n % 5}) for n in range(6)]
    found = {one.criterion: one for one in agreements([*items, _reviewed(9, {"ann": 1})])}
    accuracy = found["accuracy"]
    assert (accuracy.items, accuracy.marks, accuracy.reviewers) == (6, 12, 2)
    assert accuracy.alpha == pytest.approx(1.0)
    assert accuracy.words == "reviewers agree"
