"""The curve of a sweep from scores alone: means, paired steps, and where more stops paying."""

from __future__ import annotations

import pytest

from assistant.drawing.curves import sweep_chart, sweep_table
from assistant.sweeps.curve import MARGIN, Curve, Scored, curve, step
from assistant.sweeps.records import SweepKind


def scored(label: str, value: float, right: int, n: int = 60) -> Scored:
    """So many of n questions answered rightly, the first ones."""
    scores = {f"q{i}": float(i < right) for i in range(n)}
    return Scored(label, value, f"run-{label}", scores, minutes=2.0, rows=10)


def test_a_step_is_the_mean_of_the_paired_differences() -> None:
    found = step(scored("10 %", 0.1, 6), scored("100 %", 1.0, 36))
    assert found.difference == pytest.approx(0.5)
    assert 0 < found.low < 0.5 < found.high and found.n == 60
    assert found.outcome == "rises"


def test_only_questions_that_both_answered_count() -> None:
    first = Scored("a", 1, "r1", {"q1": 0.0, "q2": 1.0})
    second = Scored("b", 2, "r2", {"q2": 1.0, "q3": 1.0})
    assert step(first, second).n == 1
    assert step(first, Scored("c", 3, "r3", {"q9": 1.0})).outcome == "open"


def test_still_rising_asks_for_more_examples() -> None:
    points = [scored("10 %", 0.1, 6), scored("50 %", 0.5, 30), scored("100 %", 1.0, 55)]
    found = curve("data", points[::-1], None, None)  # in whatever order
    assert [point.label for point in found.points] == ["10 %", "50 %", "100 %"]
    assert found.stops_at == ""
    assert found.sentences[0].startswith("From 50 % to 100 % of the data recall rose by .42 [")
    assert found.sentences[0].endswith("still rising, write more examples.")


def test_more_stops_paying_where_nothing_later_is_better() -> None:
    points = [scored("10 %", 0.1, 6), scored("50 %", 0.5, 40), scored("100 %", 1.0, 40)]
    found = curve("data", points, None, None)
    assert found.stops_at == "50 %"
    assert "more of the same examples is not worth it" in found.sentences[0]
    assert found.steps[1].high < MARGIN and found.steps[1].outcome == "flat"


def test_small_steps_that_add_up_are_not_taken_for_the_end() -> None:
    points = [scored(f"{p}", p, right) for p, right in ((1, 20), (2, 23), (3, 26), (4, 29))]
    found = curve("data", points, None, None)
    assert [one.outcome for one in found.steps] == ["open", "open", "open"]
    assert found.stops_at == "3"  # though no single step rises: 1 and 2 are beaten by 4


def test_four_questions_that_differ_show_nothing() -> None:
    found = step(scored("50 %", 0.5, 20), scored("100 %", 1.0, 24))
    assert found.low > 0 and found.p_value == pytest.approx(0.125)
    assert found.outcome == "open"  # the bootstrap alone would be sure


def test_too_few_questions_are_told_from_a_flat_curve() -> None:
    points = [scored("50 %", 0.5, 5, n=10), scored("100 %", 1.0, 6, n=10)]
    found = curve("data", points, None, None)
    assert found.stops_at == "50 %"
    assert "may be chance" in found.sentences[0] and "too few" in found.sentences[0]


def test_few_questions_without_a_difference_show_nothing() -> None:
    found = step(scored("50 %", 0.5, 2, n=4), scored("100 %", 1.0, 2, n=4))
    assert found.outcome == "open" and found.high == pytest.approx(0.527, abs=1e-3)
    points = [scored("50 %", 0.5, 2, n=4), scored("100 %", 1.0, 2, n=4)]
    rag = {f"q{i}": float(i < 2) for i in range(4)}
    said = curve("data", points, rag, None).sentences
    assert "recall stayed the same [-.53, .53]: more" in said[0] and "too few" in said[0]
    assert said[1].endswith("level with RAG [-.53, .53].")


@pytest.mark.parametrize("kind", ["data", "learning-rate", "model"])
def test_a_curve_along_the_floor_says_that_nothing_was_learned(kind: SweepKind) -> None:
    found = curve(kind, [scored("1", 1, 0), scored("2", 2, 0)], None, None)
    assert found.sentences[0].startswith("No run recalled any of the 60 questions")
    assert found.stops_at == ""


def test_the_best_learning_rate_is_named_with_the_others() -> None:
    points = [scored("0.0005", 5e-4, 30), scored("0.001", 1e-3, 45), scored("0.002", 2e-3, 44)]
    found = curve("learning-rate", points, None, None)
    assert "highest at a learning rate of 0.001, .75" in found.sentences[0]
    assert "0.0005 differs by -.25" in found.sentences[0]
    assert found.sentences[0].count("may be chance (p = 1.00)") == 1
    assert found.stops_at == ""  # a higher rate is not more of anything


def test_rag_is_held_against_the_last_point() -> None:
    rag = {f"q{i}": 1.0 for i in range(60)}
    found = curve("data", [scored("50 %", 0.5, 20), scored("100 %", 1.0, 30)], rag, {})
    assert found.rag is not None and found.rag.mean == 1.0 and found.base is None
    assert "at 100 % is .50 below RAG" in found.sentences[1]


def test_without_scores_nothing_is_drawn() -> None:
    found = curve("data", [Scored("10 %", 0.1, "r", {})], None, None)
    assert found.sentences == ("No run of this sweep is scored yet.",)
    assert sweep_chart(found) == ""


def drawn() -> Curve:
    rag = {f"q{i}": float(i < 48) for i in range(60)}
    base = {f"q{i}": 0.0 for i in range(60)}
    points = [scored("10 %", 0.1, 6), scored("50 %", 0.5, 40), scored("100 %", 1.0, 40)]
    return curve("data", points, rag, base)


def test_the_picture_has_every_point_and_rag_as_a_level() -> None:
    picture = sweep_chart(drawn())
    assert picture.count('class="dot') == 3 and picture.count("dot stops") == 1
    assert 'class="kind-rag level" points="0,20.00 100,20.00"' in picture
    assert "From 50 % to 100 % of the data" in picture  # for who cannot see it


def test_the_table_names_runs_that_are_gone_too() -> None:
    shown = sweep_table(drawn(), {})
    assert "run run-10 %" in shown and "RAG" in shown and "0.80" in shown
