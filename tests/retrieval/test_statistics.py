"""The tests and intervals against scipy, brute force and published figures."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy import stats

from retrieval.statistics import (
    bootstrap_mean,
    detectable_difference,
    holm,
    mcnemar,
    paired_bootstrap,
    questions_needed,
    sign_test,
    votes_needed,
)


@pytest.mark.parametrize("wins", range(13))
@pytest.mark.parametrize("losses", [0, 1, 5, 12])
def test_sign_test_is_the_exact_binomial_test(wins: int, losses: int) -> None:
    expected = stats.binomtest(wins, wins + losses).pvalue if wins + losses else 1.0
    assert sign_test(wins, losses) == pytest.approx(expected, rel=1e-9)


def test_sign_test_on_many_votes() -> None:
    assert sign_test(5, 0) == pytest.approx(0.0625)
    assert sign_test(50_400, 49_600) == pytest.approx(
        stats.binomtest(50_400, 100_000).pvalue, rel=1e-6
    )
    assert sign_test(1_000_000, 0) == 0.0
    with pytest.raises(ValueError, match="no counts"):
        sign_test(-1, 3)


def test_mcnemar_looks_at_the_discordant_pairs_alone() -> None:
    a = [True] * 9 + [False] * 2 + [True] * 30 + [False] * 7
    b = [False] * 9 + [True] * 2 + [True] * 30 + [False] * 7
    assert mcnemar(a, b) == pytest.approx(stats.binomtest(9, 11).pvalue)
    assert mcnemar([], []) == 1.0
    with pytest.raises(ValueError, match="not pairs"):
        mcnemar([True], [])


def test_holm_on_the_published_example() -> None:
    # Wikipedia, Holm-Bonferroni method, four hypotheses: the first and the fourth are rejected.
    adjusted = holm([0.01, 0.04, 0.03, 0.005])
    assert adjusted == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []
    assert holm([0.7, 0.9]) == [1.0, 1.0]
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        holm([float("nan")])


def test_permutation_is_exact_for_few_pairs() -> None:
    differences = np.array([0.5, -0.1, 0.3, 0.2, 0.0, 0.75, -0.05, 0.4])
    sums = [abs(np.dot(signs, differences)) for signs in product([1, -1], repeat=8)]
    expected = np.mean([one >= abs(differences.sum()) - 1e-12 for one in sums])
    assert paired_bootstrap(differences, np.zeros(8)).p_value == pytest.approx(expected)


def test_permutation_agrees_with_scipy_on_many_pairs() -> None:
    rng = np.random.default_rng(3)
    a, b = rng.random(80), rng.random(80) - 0.08
    ours = paired_bootstrap(a, b)
    theirs = stats.permutation_test(
        (a, b),
        lambda x, y, axis: np.mean(x - y, axis=axis),
        permutation_type="samples",
        n_resamples=20_000,
        vectorized=True,
        rng=np.random.default_rng(0),
    )
    assert ours.p_value == pytest.approx(theirs.pvalue, abs=0.012)
    assert ours.difference == pytest.approx(np.mean(a - b))
    assert (ours.low, ours.high, ours.n) == (
        pytest.approx(ours.difference - 0.09, abs=0.02),
        pytest.approx(ours.difference + 0.09, abs=0.02),
        80,
    )


def test_right_and_wrong_answers_give_mcnemars_p_value() -> None:
    rng = np.random.default_rng(4)
    a, b = rng.random(200) < 0.7, rng.random(200) < 0.6
    assert paired_bootstrap(a, b).p_value == pytest.approx(mcnemar(list(a), list(b)))


def test_equal_contenders_do_not_differ() -> None:
    found = paired_bootstrap([0.2, 0.7, 0.1], [0.2, 0.7, 0.1])
    assert (found.difference, found.low, found.high, found.p_value) == (0, 0, 0, 1)


def test_the_permutation_test_keeps_its_level() -> None:
    rng = np.random.default_rng(6)
    p_values = [paired_bootstrap(rng.random(25), rng.random(25), 10).p_value for _ in range(500)]
    assert np.mean(np.array(p_values) <= 0.05) == pytest.approx(0.05, abs=0.02)


def test_bootstrap_covers_the_mean_as_often_as_it_says() -> None:
    rng = np.random.default_rng(6)
    found = [bootstrap_mean(rng.exponential(1.0, 60), 400) for _ in range(400)]
    covered = np.mean([interval.low <= 1.0 <= interval.high for interval in found])
    assert covered == pytest.approx(0.94, abs=0.03)


def test_bootstrap_is_repeatable_and_bounded_in_memory() -> None:
    values = np.random.default_rng(7).random(30_000)
    interval = bootstrap_mean(values, rounds=100)
    assert interval == bootstrap_mean(values, rounds=100)
    error = 1.96 * values.std() / np.sqrt(values.size)
    assert interval.high - interval.low == pytest.approx(2 * error, rel=0.3)


@pytest.mark.parametrize("values", [[], [0.1, float("nan")], [float("inf")]])
def test_what_is_no_value_is_refused(values: list[float]) -> None:
    with pytest.raises(ValueError):
        bootstrap_mean(values)
    with pytest.raises(ValueError):
        paired_bootstrap(values, values)


def test_pairs_must_be_pairs() -> None:
    with pytest.raises(ValueError, match="2 and 1 values are not pairs"):
        paired_bootstrap([0.1, 0.2], [0.3])


def test_votes_needed_are_the_known_figures() -> None:
    known = {0.60: 194, 0.65: 85, 0.70: 47, 0.80: 19}
    assert {rate: votes_needed(rate) for rate in known} == known
    assert votes_needed(0.4) == 194
    assert votes_needed(1.0) == 6  # five clean wins are not significant
    for wrong in (0.5, 1.2, float("nan")):
        with pytest.raises(ValueError):
            votes_needed(wrong)


def test_questions_needed_plans_for_three_hundred() -> None:
    assert questions_needed() == 307
    assert detectable_difference(72) == pytest.approx(0.165, abs=0.001)
    assert detectable_difference(questions_needed(0.1)) == pytest.approx(0.1, abs=0.001)
    assert questions_needed(-0.1, 0.3) == questions_needed(0.1, 0.3)
    for wrong in (0.0, float("nan")):
        with pytest.raises(ValueError):
            questions_needed(wrong)


def test_so_many_questions_do_have_that_power() -> None:
    n, rng = questions_needed(0.25), np.random.default_rng(8)
    found = [stats.ttest_1samp(rng.normal(0.25, 0.5, n), 0).pvalue < 0.05 for _ in range(1000)]
    assert np.mean(found) == pytest.approx(0.8, abs=0.06)
