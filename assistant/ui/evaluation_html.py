"""Evaluations as HTML: progress, what the newest says, and the earlier ones."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from assistant.drawing.tables import Column, empty, table
from assistant.drawing.words import EXPLAINED, NAMES, counted, duration, moment
from assistant.evaluation.catalogue import METRICS, title
from assistant.evaluation.records import Evaluation, Mean
from assistant.ui.evaluating import Evaluating
from assistant.ui.notices import notice, progress

_SETS = {
    "all": "all own tests",
    "recall": "recall",
    "generalisation": "generalisation",
    "out_of_scope": "out of scope",
}


def evaluations_address(slug: str, evaluation_id: str, ending: str) -> str:
    """Where an evaluation is to be had; ending: "csv" or "json"."""
    return f"/downloads/{slug}/evaluations/{evaluation_id}.{ending}"


def evaluating_html(state: Evaluating) -> str:
    """How far the evaluation is, or how the last one ended."""
    notes = "".join(notice(note) for note in state.notes)
    if state.failure:
        return notes + notice(state.failure, "warn")
    if not state.active:
        return notes
    if state.progress is None:
        return notes + progress("Loading the model", None)
    going = state.progress
    left = "" if going.seconds_left is None else f"{duration(going.seconds_left)} left"
    speed = f"{going.tokens_per_second:.0f} tokens/s" if going.tokens_per_second else ""
    detail = ", ".join(part for part in (left, speed) if part)
    share = going.done / going.total if going.total else None
    return notes + progress(
        f"{going.stage}: {going.done:,} of {going.total:,}",
        share,
        f"{detail}. Questions in the chat are answered first." if detail else "",
    )


def evaluations_html(found: Sequence[Evaluation], slug: str) -> str:
    """The newest finished evaluation in full, and a list of all."""
    if not found:
        return empty(
            "No evaluation yet",
            "Choose questions and contenders above: every answer is scored, with intervals.",
        )
    newest = next((one for one in found if one.finished_at is not None), None)
    return (_details(newest, slug) if newest else "") + _list(found, slug)


def _details(evaluation: Evaluation, slug: str) -> str:
    summary = evaluation.summary
    columns = [Column("Metric")]
    columns += [
        Column(NAMES[one.kind], numeric=True, hint=EXPLAINED[one.kind])
        for one in evaluation.contenders
    ]
    rows = []
    for name, metric in METRICS.items():
        means = [summary.means.get(one.id, {}).get(name) for one in evaluation.contenders]
        if any(means):
            label = f'<span title="{escape(metric.about)}">{escape(metric.title)}</span>'
            rows.append((label, *(_mean(mean) for mean in means)))
    rows += _costs(evaluation)
    asked = counted(evaluation.questions, "question")
    return (
        f'<h3 class="section">Evaluation: {escape(_set_name(evaluation))}, {asked}</h3>'
        '<p class="quiet">Mean over the questions that the metric applies to, with its 95 % '
        f"interval.</p>{table(columns, rows, 'Scores by metric')}{_sentences(evaluation)}"
        f'<p class="downloads">Every answer with its scores: {_links(evaluation, slug)}</p>'
    )


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
        said += notice(f"{counted(failed, 'answer')} could not be had and are not scored.", "warn")
    if not sure:
        return said
    items = "".join(f"<li>{escape(one)}</li>" for one in sure)
    told = counted(len(sure), "difference")
    return f"{said}<details><summary>{told} beyond chance</summary><ul>{items}</ul></details>"


def _list(found: Sequence[Evaluation], slug: str) -> str:
    columns = (
        Column("Begun"),
        Column("Questions"),
        Column("Contenders"),
        Column("State"),
        Column("Answers"),
    )
    rows = [
        (
            escape(moment(one.created_at)),
            f"{escape(_set_name(one))}, {one.questions:,}",
            ", ".join(NAMES[contender.kind] for contender in one.contenders),
            "done" if one.finished_at else "interrupted",
            _links(one, slug),
        )
        for one in found
    ]
    return f"<h3 class='section'>Evaluations</h3>{table(columns, rows, 'All evaluations')}"


def _links(evaluation: Evaluation, slug: str) -> str:
    return " ".join(
        f'<a href="{escape(evaluations_address(slug, evaluation.id, ending))}" download>'
        f"{ending.upper()}</a>"
        for ending in ("csv", "json")
    )


def _mean(mean: Mean | None) -> str:
    if mean is None:
        return "–"
    return f"{mean.mean:.2f} <small class='quiet'>({mean.low:.2f} to {mean.high:.2f})</small>"


def _set_name(evaluation: Evaluation) -> str:
    return _SETS.get(evaluation.question_set, evaluation.question_set)
