"""Counts in bins of one width, as bars: plain HTML, with the same figures as a table behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from assistant.drawing.tables import Column, table


@dataclass(frozen=True, slots=True)
class Bin:
    """count: of what is from `low` to below `high`."""

    low: int
    high: int
    count: int


def histogram(bins: Sequence[Bin], unit: str, counted: str, summary: str) -> str:
    """Bars from the shortest on. unit: of low and high. counted: what is counted. summary: what the
    picture shows, for who cannot see it."""
    if not bins:
        return ""
    most = max(one.count for one in bins) or 1
    bars = "".join(
        f'<i style="--share:{100 * one.count / most:.1f}%" '
        f'title="{one.low:,} to {one.high - 1:,} {escape(unit)}: '
        f'{one.count:,} {escape(counted)}"></i>'
        for one in bins
    )
    rows = [(f"{one.low:,} to {one.high - 1:,}", f"{one.count:,}") for one in bins if one.count]
    columns = (Column(unit.capitalize()), Column(counted.capitalize(), numeric=True))
    figures = table(columns, rows, summary)
    return (
        f'<figure class="histogram" role="img" aria-label="{escape(summary)}">'
        f'<div class="columns">{bars}</div><figcaption><span>{bins[0].low:,}</span>'
        f"<span>{escape(unit)}</span><span>{bins[-1].high:,}</span></figcaption></figure>"
        f"<details><summary>As a table</summary>{figures}</details>"
    )
