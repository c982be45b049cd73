"""How sure a measured figure is: intervals by bootstrap, exact tests, and how many more are needed.

Two systems are always compared on the same questions, so every test here is a paired one. Whatever
is drawn at random is drawn from `seed`: the same values give the same figures. Only NumPy is used.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, floor, log, sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

ALPHA = 0.05  # two-sided level of every test

_EXACT_LIMIT = 16  # sign flips are enumerated up to 2**16 = 65,536
_PERMUTATIONS = 9_999  # random sign flips beyond that; the smallest p-value is 1/10,000
_LEAST_VOTES = 6  # 2 * 0.5**6 = .031: with fewer, not even a clean sweep reaches 5 %
_BLOCK = 500_000  # numbers drawn at a time, so that memory stays bounded


@dataclass(frozen=True, slots=True)
class Interval:
    """Lower and upper end, low <= high, in the unit of the values."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class PairedDifference:
    """Mean of a minus b over n pairs, its bootstrap interval, and a two-sided p-value."""

    difference: float
    low: float
    high: float
    p_value: float
    n: int


def bootstrap_mean(
    values: ArrayLike, rounds: int = 2000, confidence: float = 0.95, seed: int = 0
) -> Interval:
    """Percentile bootstrap interval of a mean.

    The `rounds` means of samples drawn with replacement, cut at (1 - confidence) / 2 on each side
    (B. Efron, R. Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13). It is a little
    narrow below about 30 values, and has no width where all values are equal. Raises ValueError
    for no values, NaN or infinity.
    """
    return _interval(_resampled_means(_checked(values), rounds, seed), confidence)


def paired_bootstrap(
    a: ArrayLike, b: ArrayLike, rounds: int = 2000, confidence: float = 0.95, seed: int = 0
) -> PairedDifference:
    """The mean of a - b with its bootstrap interval over pairs and a permutation p-value.

    Pairs are drawn with replacement (P. Koehn, Statistical Significance Tests for Machine
    Translation Evaluation, EMNLP 2004). The p-value is that of the paired permutation test: the
    share of sign flips of the differences whose mean is at least as far from 0 (R. A. Fisher, The
    Design of Experiments, 1935, section 21); see `_sign_flip_p_value`. Raises ValueError where a
    and b differ in length, are empty, or hold NaN or infinity.
    """
    first, second = _checked(a), _checked(b)
    if first.size != second.size:
        raise ValueError(f"{first.size} and {second.size} values are not pairs")
    differences = first - second
    interval = _interval(_resampled_means(differences, rounds, seed), confidence)
    return PairedDifference(
        difference=float(differences.mean()),
        low=interval.low,
        high=interval.high,
        p_value=_sign_flip_p_value(differences, seed),
        n=int(differences.size),
    )


def sign_test(wins: int, losses: int) -> float:
    """Two-sided p-value of the exact sign test: 2 P(X <= min(wins, losses)), X ~ B(n, 1/2), at
    most 1. Ties are left out by the caller; without any wins or losses it is 1. Raises ValueError
    for negative counts.
    """
    if wins < 0 or losses < 0:
        raise ValueError(f"{wins} wins and {losses} losses are no counts")
    n, fewer = wins + losses, min(wins, losses)
    if wins == losses:
        return 1.0
    # log C(n, k) for k = 0..fewer, each from the one before: C(n, k) = C(n, k-1) (n-k+1) / k
    k = np.arange(1, fewer + 1, dtype=np.float64)
    log_choose = np.concatenate([[0.0], np.cumsum(np.log((n - k + 1) / k))])
    return float(min(1.0, 2 * np.exp(log_choose - n * log(2)).sum()))


def mcnemar(a_right: Sequence[bool], b_right: Sequence[bool]) -> float:
    """p-value of McNemar's exact test: the sign test on the pairs of which one alone is right.

    (Q. McNemar, Note on the Sampling Error of the Difference between Correlated Proportions,
    Psychometrika 12, 1947.) Raises ValueError where the two differ in length.
    """
    if len(a_right) != len(b_right):
        raise ValueError(f"{len(a_right)} and {len(b_right)} answers are not pairs")
    pairs = list(zip(a_right, b_right, strict=True))
    return sign_test(sum(a and not b for a, b in pairs), sum(b and not a for a, b in pairs))


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's adjusted p-values, in the order given: reject those below the level.

    The i-th smallest of m is multiplied by m - i + 1, and never falls below the one before it
    (S. Holm, A Simple Sequentially Rejective Multiple Test Procedure, Scandinavian Journal of
    Statistics 6, 1979). Raises ValueError for a value outside [0, 1].
    """
    values = np.asarray(p_values, dtype=np.float64)
    if not np.all((values >= 0) & (values <= 1)):  # also catches NaN
        raise ValueError("a p-value lies in [0, 1]")
    order = np.argsort(values, kind="stable")
    scaled = values[order] * np.arange(values.size, 0, -1)
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(scaled)) if values.size else scaled
    return [float(value) for value in adjusted]


def votes_needed(win_rate: float, power: float = 0.8) -> int:
    """Decisive votes with which a two-sided test at 5 % finds a true win rate, with this power.

    n = ((z_a / 2 + z_b sqrt(p (1 - p))) / (p - 1/2))², z_a = 1.960 and z_b = .842 at 80 %, to the
    nearest vote (J. L. Fleiss, Statistical Methods for Rates and Proportions, chapter on one
    proportion): .60 needs 194, .65 85, .70 47, .80 19; never fewer than 6. Raises ValueError
    unless 0 <= win_rate <= 1 and it is not 1/2, which no number of votes tells from a draw.
    """
    if not 0 <= win_rate <= 1 or win_rate == 0.5:
        raise ValueError(f"no number of votes tells a win rate of {win_rate} from one half")
    spread = sqrt(win_rate * (1 - win_rate))
    root = (_z(1 - ALPHA / 2) / 2 + _z(power) * spread) / (win_rate - 0.5)
    return max(_LEAST_VOTES, floor(root**2 + 0.5))


def questions_needed(difference: float = 0.08, spread: float = 0.5, power: float = 0.8) -> int:
    """Questions with which a two-sided paired test at 5 % finds a mean difference, with this power.

    n = ((z_a + z_b) spread / difference)², rounded up, where `spread` is the standard deviation of
    the paired differences (J. Cohen, Statistical Power Analysis for the Behavioral Sciences, 1988,
    section 2.3.5). For right or wrong answers spread² = disagreement - difference², disagreement
    being the share of questions that one contender alone has right (R. J. Connor, Sample Size for
    Testing Differences in Proportions for the Paired-Sample Design, Biometrics 43, 1987). The
    defaults plan for 8 points between contenders that disagree on a quarter of the questions:
    about 300. Raises ValueError unless difference is not 0 and spread >= 0.
    """
    if difference == 0 or not np.isfinite(difference) or not 0 <= spread < np.inf:
        raise ValueError(f"no number of questions tells a difference of {difference} from none")
    return max(_LEAST_VOTES, ceil(((_z(1 - ALPHA / 2) + _z(power)) * spread / difference) ** 2))


def detectable_difference(questions: int, spread: float = 0.5, power: float = 0.8) -> float:
    """The smallest mean difference that so many questions find: the inverse of the above."""
    if questions < 1:
        raise ValueError("without questions nothing can be told apart")
    return (_z(1 - ALPHA / 2) + _z(power)) * spread / sqrt(questions)


def _sign_flip_p_value(differences: NDArray[np.float64], seed: int) -> float:
    """Two-sided p-value of the sign-flip permutation test on the mean.

    Exact where the differences other than 0 are all of one size (the sign test) or at most 16.
    Else from 9,999 random flips, as (1 + as far) / (1 + 9,999), which is never 0 (B. Phipson, G. K.
    Smyth, Permutation P-values Should Never Be Zero, 2010).
    """
    moved = differences[differences != 0]
    sizes = np.abs(moved)
    if moved.size == 0:
        return 1.0
    if np.allclose(sizes, sizes[0], rtol=1e-9, atol=0):
        wins = int((moved > 0).sum())
        return sign_test(wins, int(moved.size) - wins)
    observed = abs(moved.sum()) - 1e-9 * sizes.sum()  # sums that are equal but for rounding count
    if moved.size <= _EXACT_LIMIT:
        codes = np.arange(2**moved.size)[:, None] >> np.arange(moved.size)
        sums = (1.0 - 2.0 * (codes & 1)) @ sizes  # (2**n,)
        return float((np.abs(sums) >= observed).mean())
    total, as_far = sizes.sum(), 0
    for block, rows in _blocks(moved.size, _PERMUTATIONS):
        positive = _flips(moved.size, rows, seed, block).astype(np.float64) @ sizes
        as_far += int((np.abs(2 * positive - total) >= observed).sum())
    return (1 + as_far) / (1 + _PERMUTATIONS)


def _checked(values: ArrayLike) -> NDArray[np.float64]:
    array = np.asarray(values, dtype=np.float64).ravel()
    if array.size == 0:
        raise ValueError("there are no values")
    if not np.isfinite(array).all():
        raise ValueError("a value is NaN or infinite")
    return array


def _resampled_means(values: NDArray[np.float64], rounds: int, seed: int) -> NDArray[np.float64]:
    """Shape (rounds,)."""
    means = [
        values[_indices(values.size, rows, seed, block)].mean(axis=1)
        for block, rows in _blocks(values.size, rounds)
    ]
    return np.concatenate(means)


def _interval(means: NDArray[np.float64], confidence: float) -> Interval:
    tail = (1 - confidence) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return Interval(float(low), float(high))


def _blocks(width: int, rounds: int) -> Iterator[tuple[int, int]]:
    """(number of the block, rows in it), at most `_BLOCK` numbers in each."""
    step = max(1, _BLOCK // width)
    for block, start in enumerate(range(0, rounds, step)):
        yield block, min(step, rounds - start)


# An evaluation asks for the same draws for each of its metrics and pairs: they are kept.
@lru_cache(maxsize=8)
def _indices(width: int, rows: int, seed: int, block: int) -> NDArray[np.int32]:
    """Shape (rows, width)."""
    return np.random.default_rng([seed, block]).integers(
        0, width, size=(rows, width), dtype=np.int32
    )


@lru_cache(maxsize=32)
def _flips(width: int, rows: int, seed: int, block: int) -> NDArray[np.int8]:
    """1 where the sign is +, 0 where it is -, shape (rows, width)."""
    return np.random.default_rng([seed, block]).integers(0, 2, size=(rows, width), dtype=np.int8)


def _z(probability: float) -> float:
    if not 0 < probability < 1:
        raise ValueError(f"{probability} is not between 0 and 1")
    return NormalDist().inv_cdf(probability)
