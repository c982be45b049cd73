"""How good a ranking is, for one question with known relevant items (relevance is yes or no).

The definitions of trec_eval, which the tests hold these against. `ranked` has the items best first,
each once; `relevant` is never empty.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from collections.abc import Set as AbstractSet

DEPTHS = (1, 3, 5, 10)
TOP = 10


def recall(ranked: Sequence[Hashable], relevant: AbstractSet[Hashable], depth: int) -> float:
    """Share of the relevant items among the first `depth`, in [0, 1]."""
    return len(relevant & set(ranked[:depth])) / len(relevant)


def first_rank(ranked: Sequence[Hashable], relevant: AbstractSet[Hashable]) -> int | None:
    """Rank of the first relevant item, from 1; None where there is none."""
    return next((rank for rank, item in enumerate(ranked, start=1) if item in relevant), None)


def reciprocal_rank(
    ranked: Sequence[Hashable], relevant: AbstractSet[Hashable], depth: int = TOP
) -> float:
    """1 / rank of the first relevant item among the first `depth`, else 0."""
    rank = first_rank(ranked[:depth], relevant)
    return 1 / rank if rank else 0.0


def ndcg(ranked: Sequence[Hashable], relevant: AbstractSet[Hashable], depth: int = TOP) -> float:
    """Normalised discounted cumulative gain, in [0, 1] (Järvelin and Kekäläinen 2002).

    The gain of a relevant item at rank r is 1 / log2(r + 1); the ideal has all of them first.
    """
    gain = sum(
        1 / math.log2(rank + 1)
        for rank, item in enumerate(ranked[:depth], start=1)
        if item in relevant
    )
    ideal = sum(1 / math.log2(rank + 1) for rank in range(1, min(depth, len(relevant)) + 1))
    return gain / ideal
