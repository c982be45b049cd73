"""Use counted by day and by version, and unanswered questions in groups."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from numpy.typing import NDArray

from assistant.monitoring.records import AnswerUse, Impression, ThumbUse, Use, VoteUse
from assistant.monitoring.unanswered import grouped
from assistant.monitoring.use_over_time import since_days, use_over_time

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
NEXT = NOON + timedelta(days=1)
SINCE = NOON - timedelta(days=7)


def _answer(turn: str, version: str, when: datetime = NOON, **changes: object) -> AnswerUse:
    values: dict[str, object] = {
        "created_at": when,
        "turn": turn,
        "contender_id": version,
        "seconds_to_first_token": 1.0,
        "tokens_per_second": 20.0,
        "tokens_out": 10,
        "abstained": False,
        "cosine": None,
    }
    return AnswerUse(**(values | changes))  # type: ignore[arg-type]


USE = Use(
    answers=(
        _answer("m1", "r", cosine=0.5),
        _answer("m1", "t", seconds_to_first_token=3.0),
        _answer("p1", "r", NEXT, abstained=True, tokens_out=0, cosine=0.1),
    ),
    votes=(
        VoteUse(NOON, "r", "t", "left", True, {"left": {"accuracy": 5}, "right": {"accuracy": 1}}),
        VoteUse(NEXT, "t", "r", "both_bad", True, {}),
    ),
    thumbs=(ThumbUse(NEXT, "r", False),),
    impressions=(
        Impression("m1", "left", "ann", "r", NOON, True, None),
        Impression("m1", "right", "ann", "t", NOON, False, False),
    ),
    kinds={"r": "rag", "t": "tuned"},
)


def test_a_day_with_all_versions() -> None:
    first, second = use_over_time(USE, SINCE).days
    assert (first.day, first.questions, first.answers, first.votes) == ("2026-11-20", 1, 2, 1)
    assert (first.useful.count, first.useful.n, first.right.n) == (1, 2, 1)
    assert first.marks["accuracy"] == (3.0, 2)
    assert (second.refusals.count, second.refusals.n) == (1, 1)
    assert second.thumbs_down.rate == 1.0
    assert second.both_bad.rate == 1.0
    assert second.first_token_p50 is None
    assert second.cosine == pytest.approx(0.1)


def test_versions_over_the_whole_time() -> None:
    over = use_over_time(USE, SINCE)
    rag, tuned = over.versions
    assert (rag.version, rag.kind, rag.answers, rag.votes) == ("r", "rag", 2, 2)
    assert (rag.wins.count, rag.wins.n) == (1, 1)
    assert (tuned.wins.count, tuned.wins.n) == (0, 1)
    assert rag.marks["accuracy"] == (5.0, 1)
    assert rag.cosine == pytest.approx(0.3)
    assert (tuned.first_token_p50, tuned.first_token_p95) == (3.0, 3.0)
    assert over.total.questions == 2
    assert {(row.day, row.version) for row in over.version_days} == {
        ("2026-11-20", "r"),
        ("2026-11-20", "t"),
        ("2026-11-21", "r"),
        ("2026-11-21", "t"),
    }


def test_percentiles_are_those_of_numpy() -> None:
    seconds = [0.1 * n for n in range(1, 101)]
    answers = tuple(
        _answer(f"p{n}", "r", seconds_to_first_token=value) for n, value in enumerate(seconds)
    )
    total = use_over_time(Use(answers, (), (), (), {"r": "rag"}), SINCE).total
    assert total.first_token_p50 == pytest.approx(np.percentile(seconds, 50))
    assert total.first_token_p95 == pytest.approx(np.percentile(seconds, 95))


def test_no_use_at_all() -> None:
    over = use_over_time(Use((), (), (), (), {}), SINCE)
    assert over.days == over.versions == over.alarms == ()
    assert over.total.answers == 0
    assert over.total.refusals.rate is None
    assert over.total.cosine is None


def test_an_alarm_is_a_sentence() -> None:
    answers = tuple(
        _answer(
            f"p{day}-{n}", "r", NOON + timedelta(days=day), abstained=n < (9 if day == 8 else 1)
        )
        for day in range(9)
        for n in range(10)
    )
    over = use_over_time(Use(answers, (), (), (), {"r": "rag"}), SINCE)
    (sentence,) = over.alarms
    assert sentence.startswith("Refusals on 2026-11-28: 9 of 10 (90 %) is above the band")


def test_the_days_begin_at_midnight_and_today_is_one() -> None:
    assert since_days(1, NOON) == NOON.replace(hour=0)
    assert since_days(7, NOON) == NOON.replace(hour=0) - timedelta(days=6)


def _encode(texts: object) -> NDArray[np.float32]:
    vectors = {"tank": [1.0, 0.0], "grinder": [0.0, 1.0], "tanks": [0.8, 0.6]}
    chosen = [vectors[str(text).split()[0].casefold()] for text in texts]  # type: ignore[attr-defined]
    return np.array(chosen, dtype=np.float32)


def test_similar_questions_are_one_group_largest_first() -> None:
    asked = [
        ("Grinder noise?", NOON),
        ("Tank colour?", NOON),
        ("tank  colour?", NEXT),
        ("Tanks now?", NOON),
    ]
    first, second = grouped(asked, _encode)
    assert first.questions == (("Tank colour?", 2), ("Tanks now?", 1))
    assert (first.count, first.newest) == (3, NEXT)
    assert second.questions == (("Grinder noise?", 1),)
    assert grouped([], _encode) == []


def test_a_vector_of_nothing_is_a_group_of_its_own() -> None:
    groups = grouped([("?", NOON), ("!", NOON)], lambda texts: np.zeros((2, 2), dtype=np.float32))
    assert [group.count for group in groups] == [1, 1]
