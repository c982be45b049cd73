"""Whom to compare next: the pair of which one vote teaches most.

A vote on a pair adds p (1 - p) d d' to Fisher's information, d being +1 for one contender and -1
for the other. With C the covariance of the strengths before it, the variance of the difference of
two contenders a and b falls by w (u_a - u_b)² / (1 + w d'C d), where w = p (1 - p) and u = C d (the
Sherman-Morrison formula). The pair whose vote takes most off the sum over all pairs of contenders
is shown (an A-optimal design: K. Chaloner and I. Verdinelli, Bayesian Experimental Design: A
Review, Statistical Science 10, 1995, p. 273-304).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from assistant.ratings.bradley_terry import SCALE, fit, information
from assistant.ratings.comparisons import Floats, PairCounts

_IMAGINED = 0.5  # points a side for every pair, so that one that has never met is only uncertain


@dataclass(frozen=True, slots=True)
class NextPair:
    """first, second: indices of the contenders. votes: how many they have had together. before,
    after: standard error of their difference, in points of rating, now and after one more vote."""

    first: int
    second: int
    votes: int
    before: float
    after: float


def next_pair(counts: PairCounts, available: list[int]) -> NextPair | None:
    """The pair of those available that teaches most, of equals the one with fewest votes.

    None where fewer than two contenders are available.
    """
    if len(available) < 2:
        return None
    chosen = np.ix_(available, available)
    size = len(available)
    points = counts.points[chosen] + _IMAGINED * (1 - np.eye(size))
    strengths = fit(points[None]).strengths
    known = information(strengths, (points + points.T)[None])[0]
    # All differences are known from the covariance at a mean of 0.
    covariance = np.linalg.inv(known + np.full((size, size), 1 / size)) - 1 / size
    games = counts.games[chosen]
    pairs = list(combinations(range(size), 2))
    gains = [_gain(covariance, strengths[0], pair) for pair in pairs]
    best = min(
        range(len(pairs)), key=lambda place: (-round(gains[place][0], 12), games[pairs[place]])
    )
    one, other = pairs[best]
    _, variance, after = gains[best]
    return NextPair(
        first=available[one],
        second=available[other],
        votes=int(games[one, other]),
        before=float(SCALE * np.sqrt(variance)),
        after=float(SCALE * np.sqrt(after)),
    )


def _gain(
    covariance: Floats, strengths: Floats, pair: tuple[int, int]
) -> tuple[float, float, float]:
    """What all differences lose of their variance by a vote on this pair; its own, and after it."""
    one, other = pair
    chance = 1 / (1 + np.exp(strengths[other] - strengths[one]))
    weight = chance * (1 - chance)
    moved = covariance[:, one] - covariance[:, other]
    variance = moved[one] - moved[other]
    spread = len(moved) * np.sum(moved**2) - np.sum(moved) ** 2  # over all pairs (u_a - u_b)²
    share = weight / (1 + weight * variance)
    return float(share * spread), float(variance), float(variance - share * variance**2)
