"""Voters whose blind votes follow the side more than the answer."""

from __future__ import annotations

import numpy as np

from assistant.ratings.judgements import Judgements
from assistant.ratings.raters import agreement_with_oneself, biases

# Sides are drawn at random, so a careful voter's left share is one half. At 1 % one careful voter
# in a hundred is taken for careless, which costs votes and teaches nothing wrong.
_SIGNIFICANT = 0.01
_FEWEST_REPEATS = 5


def careless_voters(held: Judgements) -> frozenset[str]:
    """Voters who nearly always choose one side, or mostly contradict themselves.

    The first by the exact sign test of their decisive blind votes (8 to one side and none to the
    other is the least that counts), the second by their own votes on the same answers with the
    sides swapped, from five such repeats on.
    """
    blind = held.chosen(held.blind)
    names = held.known.voters.texts()
    found = set()
    for number in np.unique(blind.columns.voters).tolist():
        own = blind.chosen(blind.columns.voters == number)
        left = next(share for share in biases(own) if share.name == "left")
        again = agreement_with_oneself(own)
        contradicts = again.n >= _FEWEST_REPEATS and (again.share or 0.0) < 0.5
        if left.p_value < _SIGNIFICANT or contradicts:
            found.add(names[number])
    return frozenset(found)
