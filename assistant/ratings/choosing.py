"""Which two contenders of an assistant to put side by side next, and why."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from assistant.ratings.comparisons import PairCounts, pair_counts
from assistant.ratings.judgements import Judgements
from assistant.ratings.pairing import next_pair
from assistant.records import KINDS, ContenderKind

logger = logging.getLogger(__name__)

CALLED: dict[ContenderKind, str] = {
    "base": "the base model",
    "rag": "RAG",
    "tuned": "the tuned model",
    "tuned+rag": "the tuned model with RAG",
}
"""The contenders inside a sentence."""


@dataclass(frozen=True, slots=True)
class ChosenPair:
    """Two contenders to compare; reason: a sentence."""

    first: ContenderKind
    second: ContenderKind
    reason: str


def blind_counts(held: Judgements) -> PairCounts:
    """The blind votes by kind, in the order of KINDS."""
    return pair_counts(held.by_kind().chosen(held.blind))


def choose_pair(held: Judgements, available: Sequence[ContenderKind]) -> ChosenPair | None:
    """The pair of which one vote teaches most; None where fewer than two can answer."""
    counts = blind_counts(held)
    found = next_pair(counts, [place for place, kind in enumerate(KINDS) if kind in available])
    if found is None:
        return None
    first, second = KINDS[found.first], KINDS[found.second]
    votes = "vote" if found.votes == 1 else "votes"
    reason = (
        f"One vote on {CALLED[first]} against {CALLED[second]} teaches most: after {found.votes:,} "
        f"blind {votes} their difference is known to within {1.96 * found.before:.0f} points of "
        f"rating, after one more to within {1.96 * found.after:.0f}."
    )
    logger.info("next pair: %s against %s. %s", first, second, reason)
    return ChosenPair(first, second, reason)
