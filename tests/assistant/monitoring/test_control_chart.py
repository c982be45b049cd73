"""The band of a daily rate: healthy days inside, a jump outside, few days without one."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import betabinom

from assistant.monitoring.control_chart import TAIL, DayCount, band, control_chart


def _days(counts: list[tuple[int, int]]) -> list[DayCount]:
    return [DayCount(f"2026-11-{n:02}", count, of) for n, (count, of) in enumerate(counts, 1)]


@pytest.mark.parametrize(
    ("count", "n", "new"),
    [(10, 100, 50), (0, 40, 10), (40, 40, 7), (3, 1000, 1), (500, 1000, 5000)],
)
def test_the_band_is_that_of_the_beta_binomial(count: int, n: int, new: int) -> None:
    predictive = betabinom(new, count + 0.5, n - count + 0.5)
    low, high = band(count, n, new)
    assert predictive.sf(high) < TAIL <= predictive.sf(high - 1)
    assert low == 0 or predictive.cdf(low - 1) < TAIL <= predictive.cdf(low)


def test_a_jump_is_outside_and_healthy_days_are_not() -> None:
    chart = control_chart("Refusals", _days([(5, 50)] * 15 + [(6, 50), (25, 50)]))
    assert chart.baseline == pytest.approx(0.1)
    assert chart.baseline_days == 14
    assert [point.state for point in chart.points[14:]] == ["inside", "inside", "above"]
    assert [alarm.count for alarm in chart.alarms] == [25]


def test_a_fall_is_outside_too() -> None:
    chart = control_chart("Refusals", _days([(40, 80)] * 14 + [(2, 80)]))
    assert [alarm.state for alarm in chart.alarms] == ["below"]


def test_few_events_raise_no_alarm() -> None:
    chart = control_chart("Thumbs down", _days([(1, 6)] * 6 + [(1, 1)]))
    assert chart.baseline_days == 6
    assert chart.alarms == ()


def test_equal_rates_alarm_rarely() -> None:
    draw = np.random.default_rng(0)
    outside = 0
    for _ in range(300):
        counts = draw.binomial(40, 0.1, size=15).tolist()
        outside += len(control_chart("x", _days([(count, 40) for count in counts])).alarms)
    assert outside / 300 < 0.01


@pytest.mark.parametrize("counts", [[], [(0, 0)] * 20, [(1, 2)], [(5, 50)] * 4, [(0, 1)] * 10])
def test_too_little_for_a_band_is_said(counts: list[tuple[int, int]]) -> None:
    chart = control_chart("Refusals", _days(counts))
    assert chart.baseline is None
    assert chart.alarms == ()
    assert "5 days and 30 observations" in chart.reason


def test_all_or_none_in_the_baseline() -> None:
    assert control_chart("x", _days([(0, 50)] * 10 + [(50, 50)])).alarms[0].state == "above"
    assert control_chart("x", _days([(50, 50)] * 10 + [(0, 50)])).alarms[0].state == "below"
