"""What scores say of a difference, and what they do not."""

from __future__ import annotations

import numpy as np
import pytest

from assistant.evaluation.catalogue import MAIN_METRICS, METRICS
from assistant.evaluation.significance import (
    Scores,
    contender_differences,
    contender_means,
    enough,
    main_metric,
    metric_mean,
    needed_for,
    rounded,
)
from assistant.tallies import wilson_interval
from retrieval.statistics import holm, mcnemar, paired_bootstrap

NAMES = {"a": "RAG", "b": "Tuned"}


def by_question(metric: str, values: list[float]) -> Scores:
    return {str(number): {metric: value} for number, value in enumerate(values)}


def random_scores(n: int, shift: float = 0.0, seed: int = 0) -> list[float]:
    rng = np.random.default_rng(seed)
    return [float(value) for value in np.clip(rng.random(n) + shift, 0, 1)]


def test_a_mean_of_right_and_wrong_has_wilsons_interval() -> None:
    found = metric_mean([1.0, 1.0, 1.0, 1.0, 1.0])
    assert (found.mean, found.n) == (1.0, 5)
    assert (found.low, found.high) == wilson_interval(5, 5)
    assert metric_mean([1.0]).low < 0.3


def test_a_mean_of_shares_has_a_bootstrap_interval() -> None:
    values = random_scores(200)
    found = metric_mean(values)
    assert found.low < found.mean < found.high
    assert found.high - found.low == pytest.approx(2 * 1.96 * np.std(values) / 200**0.5, rel=0.1)
    assert metric_mean([12.0, 30.0]).high == 30  # perplexity knows no upper bound


def test_means_are_over_the_questions_that_have_the_metric() -> None:
    scores = {"a": {"1": {"f1": 0.5, "refusal": 1.0}, "2": {"refusal": 0.0}}}
    means = contender_means(scores)["a"]
    assert (means["f1"].n, means["refusal"].n) == (1, 2)
    assert contender_means({"a": {}}) == {"a": {}}


def test_differences_are_paired_tested_and_corrected() -> None:
    a, b = random_scores(60, 0.2, 1), random_scores(60, 0.0, 2)
    right_a, right_b = [float(x > 0.5) for x in a], [float(x > 0.5) for x in b]
    scores = {
        key: {question: {**f1[question], **right[question]} for question in f1}
        for key, f1, right in (
            ("a", by_question("f1", a), by_question("fact_recall", right_a)),
            ("b", by_question("f1", b), by_question("fact_recall", right_b)),
        )
    }
    recall, f1 = contender_differences(scores)
    assert (recall.metric, f1.metric) == ("fact_recall", "f1")
    expected = paired_bootstrap(a, b)
    assert (f1.difference, f1.low, f1.high) == (expected.difference, expected.low, expected.high)
    assert recall.p_value == pytest.approx(mcnemar([x > 0.5 for x in a], [x > 0.5 for x in b]))
    assert [recall.adjusted, f1.adjusted] == holm([recall.p_value, f1.p_value])


def test_only_questions_of_both_are_compared() -> None:
    scores = {"a": {"1": {"f1": 1.0}, "2": {"f1": 0.0}}, "b": {"2": {"f1": 0.5}, "3": {"f1": 1.0}}}
    (found,) = contender_differences(scores)
    assert (found.n, found.difference) == (1, -0.5)


@pytest.mark.parametrize("scores", [{}, {"a": {}}, {"a": {"1": {"f1": 1.0}}, "b": {}}])
def test_nothing_to_compare(scores: dict[str, Scores]) -> None:
    assert contender_differences(scores) == ()
    assert main_metric(()) == ""


def test_with_72_questions_it_says_that_300_are_needed() -> None:
    a, b = random_scores(72, 0.0, 1), random_scores(72, 0.02, 2)
    scores = {"a": by_question("f1", a), "b": by_question("f1", b)}
    told = enough(72, contender_differences(scores), NAMES)
    assert told.startswith("72 questions are few: differences below 17 points mostly go unnoticed.")
    assert "Plan for about 300 to tell 8 points apart." in told
    assert "RAG and Tuned differ by" in told
    assert "may be chance" in told
    assert "about 300" in enough(72, (), {})


def test_with_300_questions_it_says_what_they_tell() -> None:
    assert enough(307, (), {}) == (
        "307 questions are enough to tell apart contenders that differ by 8 points or more."
    )


def test_a_clear_difference_is_called_one() -> None:
    scores = {
        "a": by_question("fact_recall", [1.0] * 70 + [0.0] * 2),
        "b": by_question("fact_recall", [0.0] * 70 + [1.0] * 2),
    }
    told = enough(72, contender_differences(scores), NAMES)
    assert told.endswith("They do tell every pair apart by fact recall.")


def test_equal_contenders_need_more_than_anyone_will_ask() -> None:
    same = by_question("f1", random_scores(72))
    differences = contender_differences({"a": same, "b": same})
    assert needed_for(differences[0]) is None
    assert "more than 5,000 questions" in enough(72, differences, NAMES)


def test_few_questions() -> None:
    assert enough(0, (), {}).startswith("There are no questions")
    assert enough(1, (), {}).startswith("1 question is few")


def test_a_pair_that_is_not_told_apart_gets_a_count() -> None:
    a, b = random_scores(72, 0.0, 1), random_scores(72, 0.05, 3)
    (found,) = contender_differences({"a": by_question("f1", a), "b": by_question("f1", b)})
    needed = needed_for(found)
    assert needed is not None
    spread = np.std(np.array(a) - np.array(b))
    assert needed == pytest.approx((2.8016 * spread / found.difference) ** 2, rel=0.15)


@pytest.mark.parametrize(
    ("count", "shown"), [(307, "300"), (194, "200"), (85, "85"), (6, "6"), (1234, "1,000")]
)
def test_counts_are_rounded_to_what_they_mean(count: int, shown: str) -> None:
    assert rounded(count) == shown


def test_the_main_metrics_are_known() -> None:
    assert set(MAIN_METRICS) <= set(METRICS)
