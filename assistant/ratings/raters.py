"""What moves voters apart from who answered, and how far they agree, with themselves and others.

A share that differs from one half need not be a fault of the voter: the longer answers may be the
better ones. It says what to look at.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assistant.ratings.comparisons import BOTH_BAD, FIRST, SECOND, TIE, Bools, Ints
from assistant.ratings.judgements import Judgements
from assistant.ratings.vote_columns import NOT_CITED
from retrieval.statistics import sign_test

_SIGNIFICANT = 0.05
_OTHER_SIDE = np.array([SECOND, FIRST, TIE, BOTH_BAD])  # by outcome, once the sides are swapped


@dataclass(frozen=True, slots=True)
class Share:
    """How often something held in `n` cases: share, low and high in [0, 1], None without cases.

    low, high: the exact 95 % interval (C. J. Clopper and E. S. Pearson, The Use of Confidence or
    Fiducial Limits, Biometrika 26, 1934, p. 404-413). p_value: of the exact sign test against one
    half; differs: it is below 5 %, which is where the interval leaves one half out.
    """

    name: str
    count: int
    n: int
    share: float | None
    low: float | None
    high: float | None
    p_value: float
    differs: bool


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far voters agree on comparisons that several of them judged blind.

    method: "cohen" for two voters, "fleiss" for more, "" where there are none. observed: share of
    pairs of votes on one comparison that say the same. kappa: above what chance would give, at most
    1; None where it is not defined, since everybody always said one and the same.
    """

    method: str
    comparisons: int
    voters: int
    observed: float | None
    kappa: float | None


def share_of(name: str, count: int, n: int) -> Share:
    """Raises ValueError unless 0 <= count <= n."""
    if not 0 <= count <= n:
        raise ValueError(f"{count} of {n} is no share")
    if not n:
        return Share(name, 0, 0, None, None, None, 1.0, False)
    from scipy.special import betaincinv

    low = float(betaincinv(count, n - count + 1, 0.025)) if count else 0.0
    high = float(betaincinv(count + 1, n - count, 0.975)) if count < n else 1.0
    p_value = sign_test(count, n - count)
    return Share(name, count, n, count / n, low, high, p_value, p_value < _SIGNIFICANT)


def biases(votes: Judgements) -> tuple[Share, ...]:
    """Shares of decisive votes for the left answer, the longer, the faster, the one that cites.

    Only votes in which the two answers differ in it count.
    """
    decisive = (votes.outcomes == FIRST) | (votes.outcomes == SECOND)
    left = votes.outcomes == FIRST
    lengths, seconds = votes.columns.lengths, votes.columns.seconds
    cited = votes.columns.documents != NOT_CITED
    everywhere = np.ones(len(votes), np.bool_)

    def share(name: str, ahead: Bools, differ: Bools) -> Share:
        """ahead: (n,) where the left side is. differ: (n,) where one side is at all."""
        cases = decisive & differ
        return share_of(name, int((cases & (ahead == left)).sum()), int(cases.sum()))

    return (
        share("left", everywhere, everywhere),
        share("longer", lengths[:, 0] > lengths[:, 1], lengths[:, 0] != lengths[:, 1]),
        share("faster", seconds[:, 0] < seconds[:, 1], seconds[:, 0] != seconds[:, 1]),
        share("citing", cited[:, 0], cited[:, 0] != cited[:, 1]),
    )


def agreement_with_oneself(votes: Judgements) -> Share:
    """How often a voter says the same again when the sides are swapped.

    A repeat is the voter's next vote on the same question, in the same words, and the same two
    versions; it counts where their sides are swapped.
    """
    rows = np.flatnonzero(votes.left != votes.right)
    size = len(votes.contenders)
    left, right = votes.left[rows], votes.right[rows]
    asked = votes.columns.voters[rows] * (int(votes.columns.questions.max(initial=0)) + 1)
    asked += votes.columns.questions[rows]
    keys = (asked * size + np.minimum(left, right)) * size + np.maximum(left, right)
    # Sorted by key, votes in their order: a vote stands behind the one that it may repeat.
    order = np.argsort(keys, kind="stable")
    before, after = order[:-1], order[1:]
    swapped = (keys[before] == keys[after]) & (left[before] == right[after])
    said = votes.outcomes[rows]
    same = _OTHER_SIDE[said[before]] == said[after]
    return share_of("self", int((swapped & same).sum()), int(swapped.sum()))


def agreement_between(votes: Judgements) -> Agreement:
    """Kappa over the comparisons that at least two voters judged.

    (J. Cohen, A Coefficient of Agreement for Nominal Scales, Educational and Psychological
    Measurement 20, 1960, p. 37-46; J. L. Fleiss, Measuring Nominal Scale Agreement Among Many
    Raters, Psychological Bulletin 76, 1971, p. 378-382, here with any number of voters a
    comparison.)
    """
    compared = votes.columns.comparisons
    several = np.flatnonzero(np.bincount(compared)[compared] > 1)
    if not len(several):
        return Agreement("", 0, 0, None, None)
    # Numbered in the order of their first votes, on which the last digit of a sum depends.
    items, item = _numbered(compared[several])
    voters, voter = _numbered(votes.columns.voters[several])
    said = votes.outcomes[several]
    if voters == 2:
        both = np.zeros((items, 2), np.int64)
        both[item, voter] = said
        observed, expected = _cohen(both)
        method = "cohen"
    else:
        counts = np.bincount(item * 4 + said, minlength=4 * items).reshape(items, 4)
        observed, expected = _fleiss(counts)
        method = "fleiss"
    kappa = (observed - expected) / (1 - expected) if expected < 1 else None
    return Agreement(method, items, voters, observed, kappa)


def _numbered(values: Ints) -> tuple[int, Ints]:
    """How many different ones there are, and (n,) numbers in the order of their first places."""
    _, first, place = np.unique(values, return_index=True, return_inverse=True)
    ranks = np.empty(len(first), np.int64)
    ranks[np.argsort(first)] = np.arange(len(first))
    return len(first), ranks[place]


def _cohen(pairs: Ints) -> tuple[float, float]:
    """pairs: (items, 2) outcomes."""
    n = len(pairs)
    first, second = (np.bincount(pairs[:, side], minlength=4) for side in (0, 1))
    return float(np.mean(pairs[:, 0] == pairs[:, 1])), float((first * second).sum() / n**2)


def _fleiss(counts: Ints) -> tuple[float, float]:
    """counts: (items, 4) votes by outcome."""
    votes = counts.sum(axis=1)
    agreeing = (counts * (counts - 1)).sum(axis=1) / (votes * (votes - 1))
    shares = counts.sum(axis=0) / votes.sum()
    return float(agreeing.mean()), float((shares**2).sum())
