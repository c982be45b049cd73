"""Comparisons as columns of numbers, and their counts by pair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FIRST, SECOND, TIE, BOTH_BAD = range(4)
"""The outcomes of a comparison: the first contender won, the second did, or neither."""

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Comparisons:
    """n comparisons in the order in which they were made.

    names: of the K contenders. first, second: (n,) indices into names. outcomes: (n,) FIRST,
    SECOND, TIE or BOTH_BAD. A contender may be named that no comparison is about.
    """

    names: tuple[str, ...]
    first: Ints
    second: Ints
    outcomes: Ints

    def __len__(self) -> int:
        return len(self.outcomes)

    def chosen(self, rows: Bools | Ints) -> Comparisons:
        """Some of them: a mask of (n,), or their positions."""
        return Comparisons(self.names, self.first[rows], self.second[rows], self.outcomes[rows])


@dataclass(frozen=True, slots=True)
class PairCounts:
    """Counts of K contenders, each (K, K) with a zero diagonal.

    wins: row beat column. ties, both_bad: symmetric.
    """

    wins: Ints
    ties: Ints
    both_bad: Ints

    @property
    def halves(self) -> Ints:
        """Ties and both-bads together: half a win to each side."""
        return self.ties + self.both_bad

    @property
    def games(self) -> Ints:
        """Comparisons of each pair, symmetric."""
        return self.wins + self.wins.T + self.halves

    @property
    def points(self) -> Floats:
        """Wins with ties and both-bads as halves, of the row against the column."""
        return self.wins + self.halves / 2


def comparisons(names: Sequence[str], rows: Sequence[tuple[int, int, int]] | Ints) -> Comparisons:
    """From rows of (first, second, outcome)."""
    columns = np.asarray(rows, np.int64).reshape(-1, 3)
    return Comparisons(tuple(names), columns[:, 0], columns[:, 1], columns[:, 2])


def pair_counts(held: Comparisons) -> PairCounts:
    """Count every pair. A comparison of a contender with itself says nothing: it is left out."""
    size = len(held.names)
    apart = held.first != held.second
    cells = (held.first * size + held.second) * 4 + held.outcomes
    counted = np.bincount(cells[apart], minlength=4 * size * size).reshape(size, size, 4)
    return PairCounts(
        wins=counted[:, :, FIRST] + counted[:, :, SECOND].T,
        ties=counted[:, :, TIE] + counted[:, :, TIE].T,
        both_bad=counted[:, :, BOTH_BAD] + counted[:, :, BOTH_BAD].T,
    )
