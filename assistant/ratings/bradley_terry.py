"""Bradley-Terry strengths by maximum likelihood, for one table of counts or for many at once.

P(i beats j) = 1 / (1 + exp(b_j - b_i)) with natural-log strengths b (R. A. Bradley and M. E. Terry,
Rank Analysis of Incomplete Block Designs, Biometrika 39, 1952, p. 324-345). On the scale of Elo
a strength is a rating of 1000 + 400 b / ln 10. A finite maximum exists among contenders of which
each can reach each other along comparisons that were not all lost (L. R. Ford, Solution of a
Ranking Problem from Binary Comparisons, American Mathematical Monthly 64, 1957, p. 28-33).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log

import numpy as np

from assistant.ratings.comparisons import Bools, Floats, Ints

SCALE = 400 / log(10)
"""Points of rating in one unit of natural-log strength."""
START = 1000.0

_MOST_STEPS = 200
_SMALLEST_STEP = 1e-10  # of a natural-log strength


@dataclass(frozen=True, slots=True)
class Fit:
    """Strengths of K contenders, for each of R tables.

    strengths: (R, K), mean 0 within a component; NaN where there is no finite one, or where the
    contender met nobody. components: (R, K) numbers; contenders share one where a chain of
    comparisons joins them. finite: (R, K), False where some contenders lost every point to others
    of their component, so that no finite maximum exists.
    """

    strengths: Floats
    components: Ints
    finite: Bools

    @property
    def ratings(self) -> Floats:
        """(R, K) on the scale of Elo, mean 1000 within a component."""
        return np.asarray(START + SCALE * self.strengths)


def fit(points: Floats, start: Floats | None = None) -> Fit:
    """The maximum of the likelihood.

    points: (R, K, K), what the row scored against the column, pseudo-votes included. start: (K,)
    or (R, K) strengths to begin from, any by default.
    """
    rounds, size = points.shape[:2]
    if not size:
        nobody = np.empty((rounds, 0))
        return Fit(nobody, nobody.astype(np.int64), nobody.astype(np.bool_))
    games = points + points.swapaxes(1, 2)
    joined = _reachable(games > 0)
    # The first contender that can be reached names the component.
    components = joined.argmax(axis=2)
    reaches_all = np.all(_reachable(points > 0) | ~joined, axis=2)
    finite: Bools = np.all(reaches_all[:, None, :] | ~joined, axis=2)
    alone = joined.sum(axis=2) == 1
    solvable = finite & ~alone
    together = joined & solvable[:, :, None] & solvable[:, None, :]
    strengths = _climb(points * together, together | np.eye(size, dtype=bool), start)
    return Fit(np.where(solvable, strengths, np.nan), components, finite)


def with_prior(points: Floats, met: Bools, prior: float) -> Floats:
    """Add `prior` pseudo-votes to each side of every pair that has met. met: (..., K, K)."""
    return np.asarray(points + prior * met)


def information(strengths: Floats, games: Floats) -> Floats:
    """Fisher's information of the strengths, (R, K, K); each row sums to 0."""
    chance = _chances(strengths)
    weights = games * chance * (1 - chance)
    size = strengths.shape[1]
    return np.asarray(weights.sum(axis=2)[:, :, None] * np.eye(size) - weights)


def _climb(points: Floats, joined: Bools, start: Floats | None) -> Floats:
    """Newton's steps on the log-likelihood, each at most one unit between any two contenders.

    The log-likelihood's third derivative along a step d is at most max |d_i - d_j| times its second
    (quasi-self-concordance: F. Bach, Self-concordant analysis for logistic regression, Electronic
    Journal of Statistics 4, 2010, p. 384-414), so that a step so bounded always climbs.
    """
    rounds, size = points.shape[:2]
    games = points + points.swapaxes(1, 2)
    strengths = np.zeros((rounds, size))
    if start is not None:
        strengths += np.nan_to_num(start)
    # Only differences count: a block of ones for each component makes the system regular.
    anchor = joined / joined.sum(axis=2, keepdims=True)
    strengths -= _means(strengths, anchor)
    active = np.arange(rounds)
    for _ in range(_MOST_STEPS):
        chance = _chances(strengths[active])
        slope = (points[active] - games[active] * chance).sum(axis=2)
        weights = games[active] * chance * (1 - chance)
        curve = weights.sum(axis=2)[:, :, None] * np.eye(size) - weights
        mass = np.maximum(np.trace(curve, axis1=1, axis2=2) / size, 1e-12)
        step = np.linalg.solve(curve + mass[:, None, None] * anchor[active], slope[:, :, None])
        step = step[:, :, 0]
        width = step.max(axis=1) - step.min(axis=1)
        strengths[active] += step / np.maximum(width, 1.0)[:, None]
        active = active[width > _SMALLEST_STEP]
        if not len(active):
            break
    return strengths - _means(strengths, anchor)


def _means(strengths: Floats, anchor: Floats) -> Floats:
    """The mean of each contender's component."""
    return np.asarray(np.matmul(anchor, strengths[:, :, None])[:, :, 0])


def _chances(strengths: Floats) -> Floats:
    """(R, K, K): the chance of the row to beat the column."""
    difference = strengths[:, :, None] - strengths[:, None, :]
    return np.asarray(0.5 + 0.5 * np.tanh(difference / 2))


def _reachable(edges: Bools) -> Bools:
    """(R, K, K): who can be reached from whom along edges, oneself included."""
    size = edges.shape[1]
    reached = edges | np.eye(size, dtype=bool)
    for _ in range(max(1, size - 1).bit_length()):
        counted = reached.astype(np.float32)
        wider = np.matmul(counted, counted) > 0
        if np.array_equal(wider, reached):
            break
        reached = wider
    return np.asarray(reached)
