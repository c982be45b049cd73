"""Elo's ratings, game after game, for those who expect them; they depend on the order of the games.

E = 1 / (1 + 10^((R_b - R_a) / 400)); each game moves both ratings by K times the score less E
(A. E. Elo, The Rating of Chessplayers, Past and Present, 1978).
"""

from __future__ import annotations

from assistant.ratings.comparisons import BOTH_BAD, FIRST, SECOND, TIE, Comparisons

DEFAULT_K = 32.0
START = 1000.0

_SCORES = {FIRST: 1.0, SECOND: 0.0, TIE: 0.5, BOTH_BAD: 0.5}


def expected_score(own: float, other: float) -> float:
    """What a rating of `own` is expected to score against `other`, in (0, 1)."""
    return float(1 / (1 + 10 ** ((other - own) / 400)))


def elo_ratings(held: Comparisons, k: float = DEFAULT_K, start: float = START) -> list[float]:
    """A rating for each name, from the games in their order; `start` for who never played."""
    ratings = [start] * len(held.names)
    scores = [_SCORES[outcome] for outcome in range(len(_SCORES))]
    games = zip(held.first.tolist(), held.second.tolist(), held.outcomes.tolist(), strict=True)
    for first, second, outcome in games:
        if first == second:
            continue
        own, other = ratings[first], ratings[second]
        moved = k * (scores[outcome] - 1 / (1 + 10 ** ((other - own) / 400)))
        ratings[first] = own + moved
        ratings[second] = other - moved
    return ratings
