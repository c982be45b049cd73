"""Earlier runs as HTML: the table, one run whole, and runs side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from pathlib import Path

from assistant.drawing.charts import Line, line_chart
from assistant.drawing.tables import Column, empty, press, table, tag
from assistant.drawing.words import counted, duration, moment, size
from assistant.registry.comparison import ComparedRun, RunComparison
from assistant.registry.sources import Learned
from assistant.runs import Run
from assistant.ui.inline_downloads import csv_link
from assistant.ui.notices import notice
from assistant.ui.passages import drawer
from assistant.ui.training_html import PRESET_WORDS
from assistant.ui.training_run_html import (
    STATES,
    loss_words,
    recall_of,
    recall_points,
    samples_html,
)
from assistant.ui.training_settings import setting_rows

SHOWN = 20
_RESUMABLE = ("stopped", "failed", "interrupted", "withdrawn")
_COLUMNS = (
    Column("Run"),
    Column("State"),
    Column("Preset"),
    Column("Rows", numeric=True),
    Column("Documents", numeric=True),
    Column("Recall", numeric=True, hint="Held-out facts recalled while training, from 0 to 1."),
    Column("Loss", numeric=True, hint="On examples not trained on, where there are any; in nats."),
    Column("Took", numeric=True),
    Column(""),
)
_SOURCES = (
    Column("Document"),
    Column("Sections", numeric=True),
    Column("Rows", numeric=True),
    Column("Stale", numeric=True, hint="Rows whose section has changed or gone since."),
)
_METRICS = ("fact_recall", "refusal")


def run_table(
    runs: Sequence[Run],
    learned: Mapping[str, Learned],
    shown: str = "",
    compared: Sequence[str] = (),
    everything: bool = False,
) -> str:
    """All runs, newest first. shown: the one whose panel is open. compared: those side by side."""
    if not runs:
        return empty("Not trained yet", "A finished run answers in the chat as “Tuned”.")
    listed = runs if everything else runs[:SHOWN]
    rows = [_row(run, learned.get(run.id), shown, run.id in compared) for run in listed]
    more = ""
    if len(runs) > len(listed):
        more = f'<p class="pager">{press(f"Show all {len(runs):,} runs", "all")}</p>'
    return table(_COLUMNS, rows, "Training runs") + more


def run_drawer(run: Run, learned: Learned, files: Sequence[tuple[str, int]], folder: Path) -> str:
    """One run whole: what was set, what it learned from, its answers and its files."""
    word, tone = STATES[run.state]
    note = f'<p class="words" dir="auto">{escape(run.note)}</p>' if run.note else ""
    settings = "".join(
        f"<div><dt>{escape(label)}</dt><dd>{escape(value)}</dd></div>"
        for label, value in setting_rows(run.settings)
    )
    told = notice(run.error, "bad" if run.state == "failed" else "warn")
    told += notice(learned.sentence, "warn")
    sources = [
        (
            f'<span dir="auto">{escape(one.document or "Not from a document")}</span>',
            f"{one.sections:,}",
            f"{one.rows:,}",
            f"{one.stale:,}" if one.stale else "–",
        )
        for one in learned.documents
    ]
    listed = "".join(
        f"<li>{escape(name)} <small>{size(count)}</small></li>" for name, count in files
    )
    parts = [
        _presses(run),
        told,
        note,
        _part("Learned from", table(_SOURCES, sources, "Documents") if sources else ""),
        _part("Settings", f'<dl class="settings-facts">{settings}</dl>'),
        samples_html(run.samples),
        _part(
            "Files",
            f'<p class="quiet">{escape(str(folder))}</p><ul class="plain">{listed}</ul>',
        ),
    ]
    subtitle = f"{run.id}, {moment(run.created_at)}, on {run.base_model}"
    body = f"<p>{tag(word, tone)}</p>" + "".join(parts)
    return drawer(run.name or "Run", subtitle, body, wide=True)


def compared_html(found: RunComparison) -> str:
    """Runs side by side: curves over each other, what came of them, the settings that differ."""
    names = [one.run.title for one in found.runs]
    losses = [
        Line(name, f"compared-{place}", _losses(one.run))
        for place, (name, one) in enumerate(zip(names, found.runs, strict=True))
    ]
    recalls = [
        Line(name, f"compared-{place}", recall_points(one.run))
        for place, (name, one) in enumerate(zip(names, found.runs, strict=True))
    ]
    charts = line_chart(losses, "step", "Loss while training, in nats", "Loss of the runs by step.")
    if any(len(line.points) > 1 for line in recalls):
        charts += line_chart(
            recalls,
            "step",
            "Held-out fact recall",
            "Held-out fact recall of the runs by step.",
            (0.0, 1.0),
        )
    figures = [*_figures(found.runs), *((one.name, *one.values) for one in found.differing)]
    columns = (Column(""), *(Column(name) for name in names))
    rows = [tuple(escape(cell) or "–" for cell in row) for row in figures]
    same = (
        '<p class="quiet">Settings that are not named are the same in all.</p>'
        if found.differing
        else '<p class="quiet">All settings are the same.</p>'
    )
    return (
        f'<section class="run"><h3>{counted(len(names), "run")} side by side '
        f"{press('Close', 'compare-none')}</h3>"
        f'<div class="charts">{charts}</div>{table(columns, rows, "Runs side by side")}{same}'
        f"{csv_link('runs.csv', ['', *names], figures)}</section>"
    )


def _row(run: Run, learned: Learned | None, shown: str, compared: bool) -> tuple[str, ...]:
    word, tone = STATES[run.state]
    last = run.steps[-1] if run.steps else None
    title = escape(run.title)
    about = f"run {run.title}"
    presses = press("Show", "show", run.id, about) if run.id != shown else ""
    if run.state in _RESUMABLE:
        presses += press("Resume", "resume", run.id, about)
    if run.trial and run.adapter is not None:
        presses += press("Keep", "keep", run.id, about)
    presses += press("Uncompare" if compared else "Compare", "compare", run.id, about)
    presses += press("Details", "details", run.id, about)
    tags = tag("trial of a sweep") if run.trial else ""
    if learned is not None and learned.stale:
        tags += tag(f"{learned.stale:,} of {learned.rows:,} rows stale", "warn")
    note = f'<small class="quiet" dir="auto">{escape(_short(run.note))}</small>' if run.note else ""
    when = moment(run.created_at) + (f", {escape(run.id)}" if run.name else "")
    recall = recall_of(run)
    unseen = [s.validation_loss for s in run.steps]
    watched = any(value is not None for value in unseen)
    return (
        f'<span class="name" dir="auto">{title}</span> <small class="quiet">{when}</small>{note}'
        f'<span class="tags">{tags}</span>',
        f"{tag(word, tone)}{_error(run)}",
        PRESET_WORDS.get(run.settings.preset, (run.settings.preset, ""))[0],
        f"{run.rows.get('train', 0):,}",
        "–" if learned is None else f"{sum(bool(one.document) for one in learned.documents):,}",
        "–" if recall is None else f"{recall:.2f}",
        loss_words(unseen if watched else [s.loss for s in run.steps]),
        duration(last.seconds) if last else "–",
        f'<span class="presses wrapped">{presses}</span>',
    )


def _error(run: Run) -> str:
    if not run.error:
        return ""
    tone = "run-error quiet" if run.state == "withdrawn" else "run-error"  # a person took it out
    return f'<small class="{tone}">{escape(run.error)}</small>'


def _presses(run: Run) -> str:
    buttons = press("Name and note", "run-edit", run.id)
    if run.adapter is not None:
        buttons += press("Export", "run-export", run.id)
    if not run.live:
        buttons += press("Delete", "run-delete", run.id)
    return f'<div class="presses wrapped">{buttons}</div>'


def _part(title: str, body: str) -> str:
    return f'<section class="part"><h3>{escape(title)}</h3>{body}</section>' if body else ""


def _short(text: str) -> str:
    return text if len(text) <= 120 else text[:119] + "…"


def _losses(run: Run) -> list[tuple[float, float]]:
    return [(float(step.step), step.loss) for step in run.steps]


def _figures(runs: Sequence[ComparedRun]) -> list[tuple[str, ...]]:
    """What each came to, a row for each figure that one of them has."""
    rows = [("State", *(STATES[one.run.state][0] for one in runs))]

    def add(label: str, told: Callable[[ComparedRun], str]) -> None:
        values = [told(one) for one in runs]
        if any(values):
            rows.append((label, *values))

    add("Held-out recall", lambda one: _number(one.held_out_recall))
    add("Loss", lambda one: loss_words([s.loss for s in one.run.steps]).replace("–", ""))
    add("Training", lambda one: duration(60 * one.minutes) if one.minutes is not None else "")
    add("Adapter", lambda one: f"{one.megabytes:.1f} MB" if one.megabytes is not None else "")
    add("Stale rows", lambda one: f"{one.learned.stale:,}")
    add("Machine", lambda one: one.machine)
    keys = dict.fromkeys(
        (score.question_set, score.kind, score.metric)
        for one in runs
        for score in one.scores
        if score.metric in _METRICS
    )
    for key in keys:
        question_set, kind, metric = key
        add(f"{metric.replace('_', ' ').capitalize()} of {kind} on {question_set}", _score(key))
    return rows


def _score(key: tuple[str, str, str]) -> Callable[[ComparedRun], str]:
    def told(one: ComparedRun) -> str:
        means = [s.mean for s in one.scores if (s.question_set, s.kind, s.metric) == key]
        return f"{means[0].mean:.2f} ({means[0].low:.2f} to {means[0].high:.2f})" if means else ""

    return told


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
