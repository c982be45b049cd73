"""The next pair is the one whose vote takes most off the variance of all differences."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from assistant.ratings.bradley_terry import SCALE, fit, information
from assistant.ratings.comparisons import Floats, PairCounts
from assistant.ratings.pairing import next_pair


def counts(wins: list[list[int]]) -> PairCounts:
    held = np.array(wins)
    return PairCounts(held, np.zeros_like(held), np.zeros_like(held))


def variances(points: Floats) -> tuple[float, Floats]:
    """The sum over all pairs, and of each, by inverting the whole information anew."""
    size = len(points)
    strengths = fit(points[None]).strengths
    known = information(strengths, (points + points.T)[None])[0]
    covariance = np.linalg.pinv(known)
    diagonal = np.diag(covariance)
    each = diagonal[:, None] + diagonal[None, :] - 2 * covariance
    return sum(each[pair] for pair in combinations(range(size), 2)), each


@pytest.mark.parametrize("seed", range(5))
def test_it_is_the_best_of_all_pairs_by_brute_force(seed: int) -> None:
    draw = np.random.default_rng(seed)
    wins = draw.integers(0, 12, (4, 4)) * (1 - np.eye(4, dtype=int))
    found = next_pair(counts(wins.tolist()), [0, 1, 2, 3])
    assert found is not None
    points = wins + 0.5 * (1 - np.eye(4))
    strengths = fit(points[None]).strengths
    games = points + points.T
    _, before = variances(points)
    left = {}
    for one, other in combinations(range(4), 2):
        more = games.copy()
        more[one, other] += 1
        more[other, one] += 1
        known = np.linalg.pinv(information(strengths, more[None])[0])
        diagonal = np.diag(known)
        each = diagonal[:, None] + diagonal[None, :] - 2 * known
        left[one, other] = (np.triu(each).sum(), each[one, other])
    assert min(left, key=lambda pair: left[pair][0]) == (found.first, found.second)
    pair = found.first, found.second
    assert found.before == pytest.approx(SCALE * np.sqrt(before[pair]))
    assert found.after == pytest.approx(SCALE * np.sqrt(left[pair][1]))
    assert found.votes == wins[pair] + wins[pair[::-1]]


def test_a_pair_that_never_met_goes_first() -> None:
    found = next_pair(counts([[0, 9, 0], [9, 0, 9], [0, 9, 0]]), [0, 1, 2])
    assert found is not None and (found.first, found.second, found.votes) == (0, 2, 0)


def test_only_those_available_are_shown() -> None:
    wins = [[0, 9, 0], [9, 0, 9], [0, 9, 0]]
    found = next_pair(counts(wins), [1, 2])
    assert found is not None and (found.first, found.second) == (1, 2)
    assert next_pair(counts(wins), [1]) is None and next_pair(counts(wins), []) is None


def test_votes_spread_over_all_pairs() -> None:
    """Equal contenders, each vote put where it teaches most: no pair is left behind."""
    draw = np.random.default_rng(0)
    wins = np.zeros((4, 4), int)
    for _ in range(120):
        found = next_pair(counts(wins.tolist()), [0, 1, 2, 3])
        assert found is not None
        pair = (found.first, found.second) if draw.random() < 0.5 else (found.second, found.first)
        wins[pair] += 1
    games = (wins + wins.T)[np.triu_indices(4, 1)]
    assert games.min() >= 12
