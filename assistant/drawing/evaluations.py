"""An evaluation as a table: a row for each metric, a column for each contender."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from assistant.drawing.tables import Column, table
from assistant.drawing.words import EXPLAINED, NAMES, counted
from assistant.evaluation.catalogue import ordered, title
from assistant.evaluation.records import Evaluation, Mean

_SETS = {
    "all": "all own tests",
    "recall": "recall",
    "generalisation": "generalisation",
    "out_of_scope": "out of scope",
}


def set_name(evaluation: Evaluation) -> str:
    """The question set in words."""
    return _SETS.get(evaluation.question_set, evaluation.question_set)


def scores(evaluation: Evaluation, emphasis: Sequence[str] = ()) -> str:
    """Means with their intervals, costs, and which differences are beyond chance.

    emphasis: metrics to be shown first.
    """
    summary = evaluation.summary
    columns = [Column("Metric")]
    columns += [
        Column(NAMES[one.kind], numeric=True, hint=EXPLAINED[one.kind])
        for one in evaluation.contenders
    ]
    rows = []
    for name, metric in ordered(emphasis).items():
        means = [summary.means.get(one.id, {}).get(name) for one in evaluation.contenders]
        if any(means):
            label = f'<span title="{escape(metric.about)}">{escape(metric.title)}</span>'
            rows.append((label, *(_mean(mean) for mean in means)))
    rows += _costs(evaluation)
    return table(columns, rows, "Scores by metric") + _sentences(evaluation)


def _costs(evaluation: Evaluation) -> list[tuple[str, ...]]:
    summary = evaluation.summary
    rows: list[tuple[str, ...]] = []
    measured = [summary.latency.get(one.id) for one in evaluation.contenders]
    if any(measured):
        cells = [
            f"{one.whole:.1f} s <small class='quiet'>({one.whole_p95:.1f})</small>" if one else "–"
            for one in measured
        ]
        hint = "Median of answers given one at a time, and their 95th percentile."
        rows.append((f'<span title="{hint}">Whole answer</span>', *cells))
    tokens = [summary.tokens.get(one.id) for one in evaluation.contenders]
    rows.append(("Tokens of an answer", *("–" if n is None else f"{n:.0f}" for n in tokens)))
    cut = [summary.truncated.get(one.id) for one in evaluation.contenders]
    rows.append(("Cut at the limit", *("–" if n is None else f"{100 * n:.0f} %" for n in cut)))
    return rows


def _sentences(evaluation: Evaluation) -> str:
    names = {one.id: NAMES[one.kind] for one in evaluation.contenders}
    sure = [
        f"{title(one.metric)}: {names[one.first]} minus {names[one.second]} is "
        f"{one.difference:+.2f} ({one.low:+.2f} to {one.high:+.2f})."
        for one in evaluation.summary.differences
        if one.adjusted < 0.05
    ]
    said = f"<p>{escape(evaluation.summary.enough)}</p>" if evaluation.summary.enough else ""
    failed = sum(evaluation.summary.failed.values())
    if failed:
        had = f"{counted(failed, 'answer')} could not be had and are not scored."
        said += f'<p class="warning">{had}</p>'
    if not sure:
        return said
    items = "".join(f"<li>{escape(one)}</li>" for one in sure)
    told = counted(len(sure), "difference")
    return f"{said}<details><summary>{told} beyond chance</summary><ul>{items}</ul></details>"


def _mean(mean: Mean | None) -> str:
    if mean is None:
        return "–"
    return f"{mean.mean:.2f} <small class='quiet'>({mean.low:.2f} to {mean.high:.2f})</small>"
