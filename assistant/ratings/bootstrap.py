"""Intervals of ratings, by drawing the comparisons anew.

The draw is from counts: as many comparisons of each pair as there were, from a multinomial over
win, half and loss, which costs the same for a hundred votes and for a million. Two corrections keep
a short record honest. The draw is from the shares with the pseudo-votes in them, since a record of
5-0 drawn from its bare shares is 5-0 every time, with an interval of no width. And the percentiles
are taken further out than 2.5 % for n votes, at Phi(-t sqrt(n / (n - 1))) with Student's t at n - 1
degrees of freedom (the expanded percentile interval: T. C. Hesterberg, What Teachers Should Know
About the Bootstrap, The American Statistician 69, 2015, p. 371-386, section 3.3).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np

from assistant.ratings.bradley_terry import fit, with_prior
from assistant.ratings.comparisons import Floats, Ints, PairCounts

_LARGEST_BATCH = 2_000_000  # cells of (rounds, K, K) held at once


@dataclass(frozen=True, slots=True)
class Resampled:
    """low, high: (K,) ratings, the 95 % interval; NaN where there is none.

    left_out: rounds without a finite maximum, which happens only with a prior of 0.
    """

    low: Floats
    high: Floats
    left_out: int


def bootstrap(
    counts: PairCounts, prior: float, strengths: Floats, rounds: int, seed: int = 0
) -> Resampled:
    """Draw `rounds` times and rate each draw, beginning from the strengths, (K,), of the whole."""
    size = len(counts.wins)
    drawn = _draws(counts, prior, rounds, np.random.default_rng(seed))
    batch = max(1, _LARGEST_BATCH // max(1, size * size))
    met = counts.games > 0
    ratings = [
        fit(with_prior(drawn[begin : begin + batch], met, prior), strengths).ratings
        for begin in range(0, rounds, batch)
    ]
    values = np.concatenate(ratings) if ratings else np.empty((0, size))
    rated = np.isfinite(strengths)
    whole = np.all(np.isfinite(values[:, rated]), axis=1)
    low, high = np.full(size, np.nan), np.full(size, np.nan)
    if whole.any():
        games = counts.games.sum(axis=1)
        for index in np.flatnonzero(rated):
            tail = tail_share(int(games[index]))
            column = values[whole, index]
            low[index], high[index] = np.quantile(column, [tail, 1 - tail])
    return Resampled(low, high, int((~whole).sum()))


def tail_share(n: int, confidence: float = 0.95) -> float:
    """The share to cut off each tail for n votes; 0 for one vote, 0.025 for very many."""
    from scipy.special import ndtr, stdtrit

    if n < 2:
        return 0.0
    quantile = stdtrit(n - 1, (1 - confidence) / 2)
    return float(ndtr(quantile * sqrt(n / (n - 1))))


def _draws(counts: PairCounts, prior: float, rounds: int, generator: np.random.Generator) -> Floats:
    """(rounds, K, K) points of the row against the column."""
    size = len(counts.wins)
    first, second = np.nonzero(np.triu(counts.games))
    games: Ints = counts.games[first, second]
    cells = np.stack(
        [
            counts.wins[first, second] + prior,
            counts.halves[first, second].astype(np.float64),
            counts.wins[second, first] + prior,
        ],
        axis=1,
    )
    shares = cells / cells.sum(axis=1, keepdims=True)
    drawn = generator.multinomial(games, shares, size=(rounds, len(games)))
    points = np.zeros((rounds, size, size))
    points[:, first, second] = drawn[:, :, 0] + drawn[:, :, 1] / 2
    points[:, second, first] = drawn[:, :, 2] + drawn[:, :, 1] / 2
    return points
