"""Questions that the documents do not answer, similar ones together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

Encode = Callable[[Sequence[str]], NDArray[np.float32]]

SIMILAR = 0.7
"""Cosine from which two questions are about the same."""
_MOST = 2000  # different questions looked at, the newest


@dataclass(frozen=True, slots=True)
class QuestionGroup:
    """Similar questions, most frequent first, each with how often it was asked."""

    questions: tuple[tuple[str, int], ...]
    count: int
    newest: datetime


def grouped(asked: Sequence[tuple[str, datetime]], encode: Encode) -> list[QuestionGroup]:
    """The questions in groups, largest first.

    asked: each question with its moment, oldest first. The most frequent question begins the first
    group and takes all that are similar to it, the most frequent of the rest the next. encode:
    texts to L2-normalised vectors of shape (n, dimension). Of very many different questions the
    newest two thousand are grouped.
    """
    written: dict[str, str] = {}
    newest: dict[str, datetime] = {}
    counts: Counter[str] = Counter()
    for question, moment in asked:
        key = " ".join(question.split()).casefold()
        written.setdefault(key, question.strip())
        newest[key] = moment
        counts[key] += 1
    chosen = sorted(counts, key=lambda key: newest[key])[-_MOST:]
    keys = sorted(chosen, key=lambda key: (-counts[key], key))
    if not keys:
        return []
    vectors = encode([written[key] for key in keys])
    free = np.ones(len(keys), dtype=bool)
    groups = []
    for leader in range(len(keys)):
        if not free[leader]:
            continue
        near = free & (vectors @ vectors[leader] >= SIMILAR)
        near[leader] = True  # whatever its vector is
        free &= ~near
        own = [keys[place] for place in np.flatnonzero(near)]
        groups.append(
            QuestionGroup(
                tuple((written[key], counts[key]) for key in own),
                sum(counts[key] for key in own),
                max(newest[key] for key in own),
            )
        )
    return sorted(groups, key=lambda group: (-group.count, group.questions))
