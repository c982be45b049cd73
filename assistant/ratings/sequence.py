"""When a winner may be named, whoever looks and however often: a confidence sequence.

For w wins and l losses among decisive votes the mixture martingale of a win rate p is

    M(p) = B(w + 1, l + 1) / (p^w (1 - p)^l),

the likelihood averaged over all rates against that of p. Where p is the true rate, M starts at 1
and is a martingale, so that it ever reaches 1/a with probability at most a (J. Ville, Étude
critique de la notion de collectif, 1939; H. Robbins, Statistical Methods Related to the Law of the
Iterated Logarithm, Annals of Mathematical Statistics 41, 1970, p. 1397-1409; S. R. Howard,
A. Ramdas, J. McAuliffe and J. Sekhon, Time-uniform, nonparametric, nonasymptotic confidence
sequences, Annals of Statistics 49, 2021, p. 1055-1080). The rates with M(p) < 1/a are the interval,
valid at all times together.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from math import lgamma, log

import numpy as np

from assistant.ratings.comparisons import Bools, Floats, Ints

ALPHA = 0.05

_HALVINGS = 60
MOST_VOTES_AHEAD = 2_000
"""How far `more_votes_needed` looks; a difference that takes longer is small."""


def confidence_sequence(
    wins: Ints | int, losses: Ints | int, alpha: float = ALPHA
) -> tuple[Floats, Floats]:
    """The ends of the interval of the win rate, in [0, 1]; 0 and 1 where there are no votes."""
    from scipy.special import betaln, xlog1py, xlogy

    won, lost = np.asarray(wins, np.float64), np.asarray(losses, np.float64)
    bar = betaln(won + 1, lost + 1) - log(1 / alpha)
    peak = won / np.maximum(won + lost, 1)

    def outside(rate: Floats) -> Bools:
        return np.asarray(xlogy(won, rate) + xlog1py(lost, -rate) <= bar)

    return _end(np.zeros_like(peak), peak, outside), _end(np.ones_like(peak), peak, outside)


def settled(wins: int, losses: int, alpha: float = ALPHA) -> bool:
    """Whether the sequence excludes a rate of one half, so that the leader may be named."""
    n = wins + losses
    against_half = lgamma(wins + 1) + lgamma(losses + 1) - lgamma(n + 2) + n * log(2)
    return against_half >= log(1 / alpha)


def more_votes_needed(
    wins: int, losses: int, power: float = 0.8, alpha: float = ALPHA
) -> int | None:
    """Decisive votes from now until the sequence names somebody, with a chance of `power`.

    Computed exactly, vote by vote, for votes that go on falling at the rate so far with half a vote
    added to each side, as for the ratings. 0 where it is settled; None where it would take more
    than MOST_VOTES_AHEAD, which says that the two are nearly equal or that nobody knows yet.
    """
    if settled(wins, losses, alpha):
        return 0
    rate = (wins + 0.5) / (wins + losses + 1)
    if _surely_longer(rate, wins + losses, alpha):
        return None
    n = wins + losses
    boundary = _boundary(n, alpha)
    going = np.zeros(MOST_VOTES_AHEAD + 2)  # by votes won from now on
    going[0] = 1.0
    named = 0.0
    for ahead, most in enumerate(boundary, start=1):
        going[1 : ahead + 1] = going[1 : ahead + 1] * (1 - rate) + going[:ahead] * rate
        going[0] *= 1 - rate
        # So many wins settle it, and so do so many losses.
        for settles in (
            slice(max(0, most - wins), ahead + 1),
            slice(0, max(0, n + ahead - most - wins + 1)),
        ):
            named += float(going[settles].sum())
            going[settles] = 0.0
        if named >= power:
            return ahead
    return None


def _surely_longer(rate: float, n: int, alpha: float) -> bool:
    """Whether the evidence expected after MOST_VOTES_AHEAD more is less than half of enough.

    n votes at this rate weigh n KL(rate, 1/2) - log(n) / 2 or so against a half.
    """
    total = n + MOST_VOTES_AHEAD
    weight = log(2) + sum(share * log(share) for share in (rate, 1 - rate) if share > 0)
    return total * weight - log(total) / 2 < log(1 / alpha) / 2


@lru_cache(maxsize=256)
def _boundary(n: int, alpha: float) -> list[int]:
    """The fewest wins that settle n + 1 votes, n + 2, and so on; beyond all votes where none do."""
    from scipy.special import betaln

    votes = np.arange(n + 1, n + MOST_VOTES_AHEAD + 1)
    few, enough = votes // 2, votes + 1  # between an even record and more wins than there are votes
    while np.any(enough - few > 1):
        wins = (few + enough) // 2
        settles = betaln(wins + 1, votes - wins + 1) + votes * log(2) >= log(1 / alpha)
        few, enough = np.where(settles, few, wins), np.where(settles, wins, enough)
    found: list[int] = enough.tolist()
    return found


def _end(far: Floats, peak: Floats, outside: Callable[[Floats], Bools]) -> Floats:
    """By halving between a rate that may be outside and one that is inside."""
    never = ~outside(far)
    beyond, near = far, peak
    for _ in range(_HALVINGS):
        middle = (beyond + near) / 2
        out = outside(middle)
        beyond, near = np.where(out, middle, beyond), np.where(out, near, middle)
    return np.where(never, far, near)
