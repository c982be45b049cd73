"""What of the ranked hits goes into a prompt: nothing twice and, if asked, little that is alike."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from retrieval.documents import Hit

NEAR_DUPLICATE = 0.9
_WORD = re.compile(r"\w+(?:[.,:]\d+)*")

Vector = NDArray[np.float32]


def distinct(hits: Sequence[Hit]) -> list[Hit]:
    """The hits in order, without those that say the same as one before.

    The same are two passages that share 90 % of their distinct words and every word with a digit:
    two rows of a table that differ in a number alone are two facts, however near their vectors.
    """
    kept: list[Hit] = []
    held: list[frozenset[str]] = []
    for hit in hits:
        words = frozenset(_WORD.findall(hit.passage.text.casefold()))
        if not any(_same(words, other) for other in held):
            kept.append(hit)
            held.append(words)
    return kept


def maximal_marginal_relevance(
    hits: Sequence[Hit], vectors: Mapping[int, Vector], top: int, weight: float
) -> list[Hit]:
    """The `top` hits that are relevant and unlike each other, in the order they were chosen.

    Each next one has the highest weight * score - (1 - weight) * (cosine to the nearest chosen);
    score is the hit's place in the order, from 1 for the first down to 0, so that any ranking will
    do (Carbonell and Goldstein 1998). vectors: unit vectors by passage id.
    """
    waiting = list(range(len(hits)))
    chosen: list[int] = []
    nearest = np.zeros(len(hits))
    relevance = np.linspace(1, 0, num=max(len(hits), 2))
    while waiting and len(chosen) < top:
        best = max(waiting, key=lambda p: weight * relevance[p] - (1 - weight) * nearest[p])
        waiting.remove(best)
        chosen.append(best)
        own = vectors[hits[best].passage.id]
        for place in waiting:
            cosine = float(own @ vectors[hits[place].passage.id])
            nearest[place] = max(nearest[place], cosine)
    return [hits[place] for place in chosen]


def _same(words: frozenset[str], other: frozenset[str]) -> bool:
    if not words or not other:
        return words == other
    if {word for word in words ^ other if any(map(str.isdigit, word))}:
        return False
    return len(words & other) >= NEAR_DUPLICATE * len(words | other)
