"""The curve of a sweep as a picture, with its table: score by what was varied, RAG as a level."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from math import log10

from assistant.drawing.tables import Column, table, tag
from assistant.drawing.words import duration, run_title
from assistant.evaluation.records import Mean
from assistant.runs import Run
from assistant.sweeps.curve import Curve, CurvePoint
from assistant.sweeps.records import SweepKind

AXES: dict[SweepKind, str] = {
    "data": "Share of the data",
    "learning-rate": "Learning rate",
    "model": "Weights of the base model",
}

_TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)


def sweep_chart(curve: Curve) -> str:
    """Points with their 95 % intervals, the base model and RAG as levels; "" where none is scored.

    The point from which more does not pay is drawn as a ring.
    """
    scored = [(point, point.score) for point in curve.points if point.score is not None]
    if not scored:
        return ""
    places = _places(curve, [point for point, _ in scored])
    drawn = [
        _level(mean, style)
        for mean, style in ((curve.base, "kind-base"), (curve.rag, "kind-rag level"))
        if mean is not None
    ]
    path = " ".join(f"{places[p.label]:.2f},{_y(mean.mean):.2f}" for p, mean in scored)
    drawn.append(f'<polyline class="kind-tuned" points="{path}"/>')
    drawn += [_bar(places[point.label], mean) for point, mean in scored]
    # Circles in a stretched drawing would be ellipses, so that the points are HTML on top of it.
    dots = "".join(
        f'<i class="dot{" stops" if point.label == curve.stops_at else ""}" '
        f'style="left:{places[point.label]:.2f}%;top:{_y(mean.mean):.2f}%"></i>'
        for point, mean in scored
    )
    labels = "".join(f"<span>{tick:.2f}</span>" for tick in reversed(_TICKS))
    grid = "".join(f'<line x1="0" x2="100" y1="{_y(tick)}" y2="{_y(tick)}"/>' for tick in _TICKS)
    names = "".join(
        f'<span style="left:{places[point.label]:.2f}%">{escape(point.label)}</span>'
        for point, _ in scored
    )
    return (
        f'<figure class="chart sweep" role="img" aria-label="{escape(_said(curve))}">'
        f"<figcaption><span>Fact recall on held-out questions</span>{_legend(curve)}</figcaption>"
        f'<div class="plot"><div class="y">{labels}</div><div class="drawn">'
        '<svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">'
        f'<g class="grid">{grid}</g>{"".join(drawn)}</svg>{dots}</div></div>'
        f'<div class="x points">{names}</div>'
        f'<div class="x-label">{escape(AXES[curve.kind])}</div></figure>'
    )


def sweep_table(curve: Curve, runs: Mapping[str, Run]) -> str:
    """The figures of the picture. runs: those that are there, by id."""
    columns = (
        Column(AXES[curve.kind]),
        Column("Run"),
        Column("Rows", numeric=True),
        Column("Training", numeric=True),
        Column("Fact recall", numeric=True, hint="On held-out questions, with 95 % interval."),
    )
    rows = [_row(point, runs.get(point.run_id), curve.stops_at) for point in curve.points]
    for name, mean in (("Base model", curve.base), ("RAG", curve.rag)):
        if mean is not None:
            rows.append((name, "–", "–", "–", _mean(mean)))
    return table(columns, rows, "Scores of the sweep")


def _row(point: CurvePoint, run: Run | None, stops_at: str) -> tuple[str, ...]:
    label = escape(point.label)
    if point.label == stops_at:
        label += f" {tag('more does not pay', '')}"
    return (
        label,
        escape(run_title(run, point.run_id)),
        "–" if point.rows is None else f"{point.rows:,}",
        "–" if point.minutes is None else duration(60 * point.minutes),
        "–" if point.score is None else _mean(point.score),
    )


def _places(curve: Curve, points: list[CurvePoint]) -> dict[str, float]:
    """Per cent from the left, with room for the labels at both ends.

    A share stands where it is; rates and sizes by their logarithm, since they are multiples.
    """
    if curve.kind == "data":
        return {point.label: 4 + 92 * point.value for point in points}
    logs = {point.label: log10(point.value) for point in points}
    low, high = min(logs.values()), max(logs.values())
    if high == low:
        return dict.fromkeys(logs, 50.0)
    return {label: 8 + 84 * (value - low) / (high - low) for label, value in logs.items()}


def _y(share: float) -> float:
    """Per cent from the top."""
    return 100 - 100 * share


def _level(mean: Mean, style: str) -> str:
    return f'<polyline class="{style}" points="0,{_y(mean.mean):.2f} 100,{_y(mean.mean):.2f}"/>'


def _bar(x: float, mean: Mean) -> str:
    """The interval of a point."""
    return (
        f'<line class="interval-bar" x1="{x:.2f}" x2="{x:.2f}" '
        f'y1="{_y(mean.low):.2f}" y2="{_y(mean.high):.2f}"/>'
    )


def _legend(curve: Curve) -> str:
    items = ['<li class="kind-tuned"><i></i>Tuned</li>']
    if curve.rag is not None:
        items.append('<li class="kind-rag level"><i></i>RAG</li>')
    if curve.base is not None:
        items.append('<li class="kind-base"><i></i>Base model</li>')
    return f"<ul>{''.join(items)}</ul>"


def _said(curve: Curve) -> str:
    points = ", ".join(
        f"{point.score.mean:.2f} at {point.label}" for point in curve.points if point.score
    )
    return " ".join((f"Fact recall of the tuned model: {points}.", *curve.sentences))


def _mean(mean: Mean) -> str:
    return f"{mean.mean:.2f} <small class='quiet'>({mean.low:.2f} to {mean.high:.2f})</small>"
