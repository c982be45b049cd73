"""How far reviewers agree: Krippendorff's alpha for marks on an ordered scale.

K. Krippendorff, Computing Krippendorff's Alpha-Reliability, 2011. It takes any number of reviewers
and missing marks, and is 1 for perfect agreement, 0 for what chance gives, below 0 for less.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from assistant.records import CRITERIA
from assistant.review.records import ReviewedItem

RELIABLE, TENTATIVE = 0.8, 0.667
"""From where Krippendorff would draw conclusions, and from where tentative ones."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """alpha: None where it is undefined. items: with two or more marks. reason: why undefined."""

    criterion: str
    alpha: float | None
    items: int
    marks: int
    reviewers: int
    reason: str = ""

    @property
    def words(self) -> str:
        """What the figure means, or why there is none."""
        if self.alpha is None:
            return self.reason
        if self.alpha >= RELIABLE:
            return "reviewers agree"
        if self.alpha >= TENTATIVE:
            return "enough for tentative conclusions"
        return "too little to rely on the means" if self.alpha > 0 else "no better than chance"


def agreements(reviewed: Iterable[ReviewedItem]) -> list[Agreement]:
    """Agreement by criterion."""
    items = list(reviewed)
    found = []
    for criterion in CRITERIA:
        marked = [
            [(r.reviewer, r.marks[criterion]) for r in one.reviews if criterion in r.marks]
            for one in items
        ]
        shared = [own for own in marked if len(own) > 1]
        values = [[mark for _, mark in own] for own in shared]
        alpha = ordinal_alpha(values)
        reason = ""
        if not shared:
            reason = "no answer has been marked by two reviewers yet"
        elif alpha is None:
            reason = "all marks are the same, so that there is nothing to agree on"
        found.append(
            Agreement(
                criterion=criterion,
                alpha=alpha,
                items=len(shared),
                marks=sum(map(len, values)),
                reviewers=len({reviewer for own in shared for reviewer, _ in own}),
                reason=reason,
            )
        )
    return found


def ordinal_alpha(units: Iterable[Sequence[int]]) -> float | None:
    """Krippendorff's alpha with the ordinal difference. units: the values given to each unit.

    alpha = 1 - D_o / D_e over the matrix of coincidences o(c, k), in which each unit of m values
    adds 1 / (m - 1) for each ordered pair of its values. With n(g) the total of value g, the
    squared ordinal difference of c < k is (n(c) / 2 + sum of n(g) between them + n(k) / 2)².
    Units with one value count for nothing. None where no unit has two, or all values are equal.
    """
    weights: dict[tuple[int, int], float] = {}  # the matrix of coincidences
    for unit in units:
        if len(unit) < 2:
            continue
        counts = Counter(unit)
        for one, many in counts.items():
            for other, others in counts.items():
                pairs = many * (others - 1) if one == other else many * others
                weight = weights.get((one, other), 0.0)
                weights[one, other] = weight + pairs / (len(unit) - 1)
    totals: dict[int, float] = {}
    for (one, _), weight in weights.items():
        totals[one] = totals.get(one, 0.0) + weight
    n = sum(totals.values())
    ordered = sorted(totals)
    if len(ordered) < 2:
        return None
    observed = expected = 0.0
    for place, low in enumerate(ordered):
        for high in ordered[place + 1 :]:
            between = sum(totals[g] for g in ordered if low <= g <= high)
            distance = (between - (totals[low] + totals[high]) / 2) ** 2
            observed += weights.get((low, high), 0.0) * distance
            expected += totals[low] * totals[high] * distance / (n - 1)
    return 1 - observed / expected
