"""Pictures drawn as plain HTML and SVG: they need no script, follow the theme, and print.

Every chart stands beside a table of the same figures; the words of a chart are HTML, so that they
keep their size at any width.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10

_MOST_POINTS = 400  # drawn of a line; a screen shows no more


@dataclass(frozen=True, slots=True)
class Line:
    """A line by its points (x, y). style: the CSS class that colours it."""

    name: str
    style: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Interval:
    """A share in [0, 1] with its interval, of `count` votes."""

    left: str
    right: str
    rate: float
    low: float
    high: float
    count: int


def line_chart(
    lines: Sequence[Line],
    x_label: str,
    y_label: str,
    summary: str,
    y_range: tuple[float, float] | None = None,
    x_names: tuple[str, str] | None = None,
) -> str:
    """Lines over one pair of axes. summary: what the picture shows, for who cannot see it.

    x_names: what stands at the two ends of the axis in place of the numbers.
    """
    points = [point for line in lines for point in line.points]
    if not points:
        return ""
    x_low, x_high = _span([x for x, _ in points])
    y_low, y_high = y_range or _rounded(*_span([y for _, y in points]))
    drawn = []
    for line in lines:
        thinned = _thinned(line.points)
        places = [
            (100 * (x - x_low) / (x_high - x_low), 100 - 100 * (y - y_low) / (y_high - y_low))
            for x, y in thinned
        ]
        path = " ".join(f"{x:.2f},{y:.2f}" for x, y in places)
        drawn.append(f'<polyline class="{line.style}" points="{path}"/>')
        if len(places) == 1 or line.style.endswith("dots"):
            drawn += [
                f'<circle class="{line.style}" cx="{x:.2f}" cy="{y:.2f}" r="0.8"/>'
                for x, y in places
            ]
    ticks = [y_low + (y_high - y_low) * step / 4 for step in range(5)]
    grid = "".join(
        f'<line x1="0" x2="100" y1="{25 * step}" y2="{25 * step}"/>' for step in range(5)
    )
    digits = _digits(ticks)
    labels = "".join(f"<span>{tick:,.{digits}f}</span>" for tick in reversed(ticks))
    whole = all(x == floor(x) for x, _ in points)
    ends = x_names or tuple(
        f"{end:,.0f}" if whole and end == floor(end) else _short(end, x_high - x_low)
        for end in (x_low, x_high)
    )
    legend = "".join(
        f'<li class="{line.style}"><i></i>{escape(line.name)}</li>' for line in lines if line.points
    )
    return (
        f'<figure class="chart" role="img" aria-label="{escape(summary)}">'
        f"<figcaption><span>{escape(y_label)}</span><ul>{legend}</ul></figcaption>"
        f'<div class="plot"><div class="y">{labels}</div>'
        f'<svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">'
        f'<g class="grid">{grid}</g>{"".join(drawn)}</svg></div>'
        f'<div class="x"><span>{escape(ends[0])}</span><span>{escape(x_label)}</span>'
        f"<span>{escape(ends[1])}</span></div></figure>"
    )


def interval_chart(intervals: Sequence[Interval]) -> str:
    """One row a pair: whose side the share is on, with its 95 % interval across the half."""
    rows = []
    for one in intervals:
        low, high, rate = 100 * one.low, 100 * one.high, 100 * one.rate
        # The mark lies nearer to the name that is preferred: the share runs from right to left.
        said = (
            f"{one.left} is preferred to {one.right} in {rate:.0f} % of {one.count} votes, "
            f"95 % interval {low:.0f} to {high:.0f} %"
        )
        rows.append(
            f'<div class="interval" role="img" aria-label="{escape(said)}" title="{escape(said)}">'
            f'<span class="left-name">{escape(one.left)}</span>'
            '<span class="track"><i class="half"></i>'
            f'<i class="range" style="left:{100 - high:.1f}%;width:{high - low:.1f}%"></i>'
            f'<i class="rate" style="left:{100 - rate:.1f}%"></i></span>'
            f'<span class="right-name">{escape(one.right)}</span>'
            f'<span class="figures">{rate:.0f} % <small>({low:.0f} to {high:.0f}, '
            f"n = {one.count})</small></span></div>"
        )
    return f'<div class="intervals">{"".join(rows)}</div>'


def _span(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _rounded(low: float, high: float) -> tuple[float, float]:
    """The range widened to round numbers."""
    size = 10.0 ** floor(log10(high - low))
    step = size / 2
    return floor(low / step) * step, ceil(high / step) * step


def _thinned(points: Sequence[tuple[float, float]]) -> Sequence[tuple[float, float]]:
    if len(points) <= _MOST_POINTS:
        return points
    every = len(points) / _MOST_POINTS
    kept = [points[int(index * every)] for index in range(_MOST_POINTS)]
    return [*kept, points[-1]]


def _digits(ticks: Sequence[float]) -> int:
    """The fewest decimals, at most 4, with which each label is where its line is."""
    return next(
        (count for count in range(4) if all(abs(round(t, count) - t) < 1e-6 for t in ticks)), 4
    )


def _short(value: float, span: float) -> str:
    digits = 0 if span >= 8 else 1 if span >= 0.8 else 2
    return f"{value:,.{digits}f}"
