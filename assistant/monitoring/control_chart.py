"""A control chart of a daily rate: a band from the first days, and an alarm for a day outside it.

The band of a day holds the counts that are not too unlikely, given the rate of the baseline days:
a count is outside where it, or a more extreme one, has a probability below .00135, which is what
three standard deviations leave in one tail of the normal distribution (D. C. Montgomery,
Introduction to Statistical Quality Control, chapter on the p chart). In place of the normal
approximation, which fails for few events, the probability is exact and counts in that the baseline
rate is itself only estimated: the beta-binomial predictive distribution from Jeffreys' prior
(A. Gelman and others, Bayesian Data Analysis, chapter 2). One in 370 healthy days is outside.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import lgamma
from typing import Literal

import numpy as np

TAIL = 0.00135
BASELINE_DAYS = 14
_LEAST_DAYS, _LEAST_EVENTS = 5, 30  # of a baseline

State = Literal["baseline", "inside", "above", "below"]


@dataclass(frozen=True, slots=True)
class DayCount:
    """count of n on a day, written as 2026-11-30."""

    day: str
    count: int
    n: int


@dataclass(frozen=True, slots=True)
class ControlPoint:
    """A day's rate with its band, all in [0, 1]."""

    day: str
    count: int
    n: int
    rate: float
    low: float
    high: float
    state: State


@dataclass(frozen=True, slots=True)
class ControlChart:
    """baseline: the rate of the baseline days, None where they are too few; reason says so then."""

    name: str
    points: tuple[ControlPoint, ...]
    baseline: float | None
    baseline_days: int
    reason: str = ""

    @property
    def alarms(self) -> tuple[ControlPoint, ...]:
        """The days outside their band."""
        return tuple(point for point in self.points if point.state in ("above", "below"))


def control_chart(name: str, days: Sequence[DayCount]) -> ControlChart:
    """The chart of a rate. days: in order; those without observations are left out.

    The baseline are the first 14 days, or all but the last where there are fewer; it needs 5 days
    and 30 observations.
    """
    seen = [day for day in days if day.n > 0]
    length = min(BASELINE_DAYS, len(seen) - 1)
    baseline = seen[: max(length, 0)]
    count, n = sum(day.count for day in baseline), sum(day.n for day in baseline)
    if length < _LEAST_DAYS or n < _LEAST_EVENTS:
        reason = (
            f"A band needs {_LEAST_DAYS} days and {_LEAST_EVENTS} observations before the day that "
            f"it judges; there are {max(length, 0)} days and {n} observations."
        )
        points = tuple(
            ControlPoint(day.day, day.count, day.n, day.count / day.n, 0.0, 1.0, "baseline")
            for day in seen
        )
        return ControlChart(name, points, None, 0, reason)
    made = []
    for place, day in enumerate(seen):
        low, high = band(count, n, day.n)
        state: State = "baseline"
        if place >= length:
            state = "above" if day.count > high else "below" if day.count < low else "inside"
        made.append(
            ControlPoint(
                day.day, day.count, day.n, day.count / day.n, low / day.n, high / day.n, state
            )
        )
    return ControlChart(name, tuple(made), count / n, length)


def band(count: int, n: int, new: int) -> tuple[int, int]:
    """The smallest and the largest count of `new` that are inside, after `count` of `n`."""
    a, b = count + 0.5, n - count + 0.5
    k = np.arange(new, dtype=np.float64)
    # log P(k + 1) - log P(k) of the beta-binomial, added up from P(0) = B(a, b + new) / B(a, b)
    steps = np.log((new - k) / (k + 1)) + np.log((k + a) / (new - k - 1 + b))
    first = lgamma(b + new) + lgamma(a + b) - lgamma(a + b + new) - lgamma(b)
    mass = np.exp(first + np.concatenate([[0.0], np.cumsum(steps)]))
    low = int(np.searchsorted(np.cumsum(mass), TAIL))
    high = new - int(np.searchsorted(np.cumsum(mass[::-1]), TAIL))
    return low, max(high, low)
