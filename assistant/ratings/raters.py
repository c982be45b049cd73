"""What moves voters apart from who answered, and how far they agree, with themselves and others.

A share that differs from one half need not be a fault of the voter: the longer answers may be the
better ones. It says what to look at.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from assistant.records import CHOICES, Choice, Judgement
from retrieval.statistics import sign_test

_SIGNIFICANT = 0.05
_OTHER_SIDE: dict[Choice, Choice] = {"left": "right", "right": "left"}


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


def biases(votes: Iterable[Judgement]) -> tuple[Share, ...]:
    """Shares of decisive votes for the left answer, the longer, the faster, the one that cites.

    Only votes in which the two answers differ in it count.
    """
    won: Counter[str] = Counter()
    cases: Counter[str] = Counter()
    for vote in votes:
        if vote.choice not in ("left", "right"):
            continue
        left = vote.choice == "left"
        cited = (vote.left_document is not None, vote.right_document is not None)
        for name, ahead, differ in (
            ("left", True, True),
            (
                "longer",
                vote.left_length > vote.right_length,
                vote.left_length != vote.right_length,
            ),
            (
                "faster",
                vote.left_seconds < vote.right_seconds,
                vote.left_seconds != vote.right_seconds,
            ),
            ("citing", cited[0], cited[0] != cited[1]),
        ):
            if differ:
                cases[name] += 1
                won[name] += ahead == left
    return tuple(
        share_of(name, won[name], cases[name]) for name in ("left", "longer", "faster", "citing")
    )


def agreement_with_oneself(votes: Sequence[Judgement]) -> Share:
    """How often a voter says the same again when the sides are swapped.

    votes: oldest first. A repeat is the voter's next vote on the same question, in the same words,
    and the same two versions; it counts where their sides are swapped.
    """
    questions = {vote.question for vote in votes}
    words = {question: " ".join(question.casefold().split()) for question in questions}
    keys = [
        (vote.voter, words[vote.question], min(vote.left, vote.right), max(vote.left, vote.right))
        for vote in votes
    ]
    several = {key for key, count in Counter(keys).items() if count > 1}
    last: dict[tuple[str, str, str, str], Judgement] = {}
    same = repeats = 0
    for key, vote in zip(keys, votes, strict=True):
        if key not in several or vote.left == vote.right:
            continue
        before = last.get(key)
        if before is not None and before.left == vote.right:
            repeats += 1
            same += _OTHER_SIDE.get(before.choice, before.choice) == vote.choice
        last[key] = vote
    return share_of("self", same, repeats)


def agreement_between(votes: Sequence[Judgement]) -> Agreement:
    """Kappa over the comparisons that at least two voters judged.

    (J. Cohen, A Coefficient of Agreement for Nominal Scales, Educational and Psychological
    Measurement 20, 1960, p. 37-46; J. L. Fleiss, Measuring Nominal Scale Agreement Among Many
    Raters, Psychological Bulletin 76, 1971, p. 378-382, here with any number of voters a
    comparison.)
    """
    several = Counter(vote.comparison_id for vote in votes)
    judged: dict[str, dict[str, Choice]] = {}
    for vote in votes:
        if several[vote.comparison_id] > 1:
            judged.setdefault(vote.comparison_id, {})[vote.voter] = vote.choice
    shared = [choices for choices in judged.values() if len(choices) > 1]
    voters = sorted({voter for choices in shared for voter in choices})
    if not shared:
        return Agreement("", 0, 0, None, None)
    if len(voters) == 2:
        observed, expected = _cohen([(one[voters[0]], one[voters[1]]) for one in shared])
        method = "cohen"
    else:
        observed, expected = _fleiss([list(one.values()) for one in shared])
        method = "fleiss"
    kappa = (observed - expected) / (1 - expected) if expected < 1 else None
    return Agreement(method, len(shared), len(voters), observed, kappa)


def _cohen(pairs: Sequence[tuple[Choice, Choice]]) -> tuple[float, float]:
    n = len(pairs)
    first, second = Counter(one for one, _ in pairs), Counter(other for _, other in pairs)
    observed = sum(one == other for one, other in pairs) / n
    return observed, sum(first[choice] * second[choice] for choice in CHOICES) / n**2


def _fleiss(items: Sequence[Sequence[Choice]]) -> tuple[float, float]:
    counts = [Counter(item) for item in items]
    agreeing = [
        sum(count * (count - 1) for count in counted.values()) / (len(item) * (len(item) - 1))
        for counted, item in zip(counts, items, strict=True)
    ]
    total = sum(len(item) for item in items)
    shares = [sum(counted[choice] for counted in counts) / total for choice in CHOICES]
    return sum(agreeing) / len(items), sum(share**2 for share in shares)
