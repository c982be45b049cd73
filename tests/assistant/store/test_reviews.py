"""Reviews, offered questions, impressions and use in the store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from assistant.errors import InvalidRequest, NotFound
from assistant.monitoring.records import Impression
from assistant.records import Answer, Assistant, Comparison, Reply
from assistant.review.records import OfferedQuestion, Review, ReviewItem, ReviewPassage
from assistant.store import Store


@pytest.fixture
def item(noon: datetime) -> Callable[..., ReviewItem]:
    def make(question: str = "How much?", **changes: object) -> ReviewItem:
        plain = ReviewItem(
            "a1",
            question,
            "2 litres, 水",
            "1.8 litres",
            (ReviewPassage("manual.pdf", "It holds 1.8 litres."),),
            "c" * 16,
            "rag",
            "errors",
            "e1",
            noon,
        )
        return replace(plain, **changes)  # type: ignore[arg-type]

    return make


def test_an_item_comes_back_as_it_was_queued(asked: Store, item: Callable[..., ReviewItem]) -> None:
    one, two = item(), item("How far?")
    assert asked.add_review_items("a1", [one, two, one]) == 2
    assert asked.add_review_items("a1", [one]) == 0
    assert asked.review_item(one.id) == one
    assert {found.item for found in asked.review_items("a1")} == {one, two}
    with pytest.raises(NotFound):
        asked.add_review_items("nobody", [one])
    with pytest.raises(NotFound):
        asked.review_item("nothing")


def test_a_later_review_takes_the_place_of_an_earlier(
    asked: Store, item: Callable[..., ReviewItem], noon: datetime
) -> None:
    asked.add_review_items("a1", [item()])
    first = Review(item().id, "ann", noon, {"accuracy": 2}, "Wrong.", "1.8 litres")
    asked.add_review(first)
    asked.add_review(replace(first, marks={"accuracy": 3}))
    asked.add_review(replace(first, reviewer="bob"))
    (found,) = asked.review_items("a1")
    assert [(review.reviewer, review.marks) for review in found.reviews] == [
        ("ann", {"accuracy": 3}),
        ("bob", {"accuracy": 2}),
    ]


def test_what_waits_is_each_reviewers_own_and_skipped_ones_come_last(
    asked: Store, item: Callable[..., ReviewItem], noon: datetime
) -> None:
    items = [item(f"Q{n}?", queued_at=noon + timedelta(minutes=n)) for n in range(3)]
    asked.add_review_items("a1", items)
    asked.add_review(Review(items[0].id, "ann", noon, skipped=True))
    asked.add_review(Review(items[1].id, "ann", noon, {"accuracy": 5}))
    assert asked.waiting_for_review("a1", "ann") == [items[2], items[0]]
    assert asked.waiting_for_review("a1", "bob") == items
    assert next(one.reviews for one in asked.review_items("a1")) == ()


def test_a_faulty_review_names_every_mistake(
    asked: Store, item: Callable[..., ReviewItem], noon: datetime
) -> None:
    asked.add_review_items("a1", [item()])
    wrong = Review(item().id, "", noon, {"beauty": 9}, "x" * 10_001)
    with pytest.raises(InvalidRequest, match=r"reviewer.*criteri|reviewer.*marks.*1 to 5.*comment"):
        asked.add_review(wrong)
    with pytest.raises(InvalidRequest, match="at least one mark"):
        asked.add_review(Review(item().id, "ann", noon, {}, "  "))
    with pytest.raises(NotFound):
        asked.add_review(Review("nothing", "ann", noon, {"accuracy": 1}))


def test_items_go_with_their_reviews(
    asked: Store,
    item: Callable[..., ReviewItem],
    noon: datetime,
    row_counts: Callable[[], dict[str, int]],
) -> None:
    asked.add_review_items("a1", [item()])
    asked.add_review(Review(item().id, "ann", noon, {"accuracy": 1}))
    assert asked.delete_review_items("a1", [item().id, "nothing"]) == 1
    assert row_counts()["reviews"] == 0


def test_all_goes_with_the_assistant(
    asked: Store,
    item: Callable[..., ReviewItem],
    noon: datetime,
    row_counts: Callable[[], dict[str, int]],
) -> None:
    asked.add_review_items("a1", [item()])
    asked.add_review(Review(item().id, "ann", noon, {"accuracy": 1}))
    asked.offer_questions("a1", [OfferedQuestion("How?", "rag", "tuned", noon)])
    asked.add_impression("a1", Impression("m1", "left", "ann", "", noon, useful=True))
    asked.delete_assistant("a1")
    counts = row_counts()
    assert [counts[name] for name in ("review_items", "reviews", "offered_questions")] == [0] * 3
    assert counts["impressions"] == 0


def test_an_impression_keeps_what_was_said_before(asked: Store, noon: datetime) -> None:
    given = Impression("m1", "right", "ann", "believe me", noon, useful=True)
    asked.add_impression("a1", given)
    asked.add_impression("a1", replace(given, useful=None, right=False))
    (found,) = asked.use("a1", noon - timedelta(days=1)).impressions
    assert (found.useful, found.right) == (True, False)
    assert found.contender_id == asked.comparison("m1").right.contender.id


def test_not_knowing_takes_the_place_of_yes_and_the_other_way_round(
    asked: Store, noon: datetime
) -> None:
    given = Impression("m1", "left", "ann", "", noon, right=True)
    asked.add_impression("a1", given)
    asked.add_impression("a1", replace(given, right=None, unsure=True))
    (found,) = asked.impressions(["m1", "nothing"], "ann")
    assert (found.useful, found.right, found.unsure) == (None, None, True)
    asked.add_impression("a1", replace(given, right=None, useful=False))
    asked.add_impression("a1", replace(given, right=False))
    (found,) = asked.impressions(["m1"], "ann")
    assert (found.useful, found.right, found.unsure) == (False, False, False)
    assert asked.impressions(["m1"], "bob") == [] and asked.impressions([], "ann") == []


def test_an_impression_of_nothing_is_refused(asked: Store, noon: datetime) -> None:
    for turn, side in (("nothing", "left"), ("m1", "middle")):
        with pytest.raises((NotFound, InvalidRequest)):
            asked.add_impression("a1", Impression(turn, side, "ann", "", noon, useful=True))
    with pytest.raises(NotFound):
        asked.add_impression("a2", Impression("m1", "left", "ann", "", noon, useful=True))


def test_use_holds_all_sides_and_only_what_is_asked_for(
    asked: Store,
    reply: Callable[..., Reply],
    comparison: Callable[..., Comparison],
    answer: Callable[..., Answer],
    assistant: Assistant,
    noon: datetime,
) -> None:
    refused = answer("rag", abstained=True, retrieval_cosine=0.25)
    asked.add_reply(reply(answer=refused))
    asked.add_thumb("p1", "ann", False)
    old = comparison("m0", created_at=noon - timedelta(days=9))
    asked.add_comparison(old)
    use = asked.use("a1", noon)
    assert [one.turn for one in use.answers] == ["m1", "m1", "p1"]
    assert use.answers[-1].cosine == 0.25
    assert [one.up for one in use.thumbs] == [False]
    assert set(use.kinds.values()) == {"rag", "tuned"}
    assert [question for question, _ in asked.refused_questions("a1", noon)] == [
        "How much does the tank hold?"
    ]
    assert asked.reply("p1").answer == refused
    assert asked.use("nobody", noon).answers == ()


def test_a_question_that_both_sides_refuse_counts_once(
    asked: Store,
    comparison: Callable[..., Comparison],
    answer: Callable[..., Answer],
    noon: datetime,
) -> None:
    both = comparison(
        "m2", left=answer("rag", abstained=True), right=answer("tuned", abstained=True)
    )
    asked.add_comparison(both)
    assert len(asked.refused_questions("a1", noon)) == 1


def test_offered_questions_are_kept_once_and_in_order(asked: Store, noon: datetime) -> None:
    first = OfferedQuestion("How?", "rag", "tuned", noon)
    second = OfferedQuestion("Why?", "base", "tuned", noon)
    assert asked.offer_questions("a1", [first, second, first]) == 2
    assert asked.offered_questions("a1") == [first, second]
