"""The training tab as HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from assistant.drawing.charts import Line, line_chart
from assistant.drawing.tables import Column, empty, press, table, tag
from assistant.drawing.words import counted, duration, moment
from assistant.runs import Run, RunState, Step
from assistant.ui.notices import notice, progress

PRESET_WORDS = {
    "quick": ("Quick", "A first look: does training help at all?"),
    "standard": ("Standard", "What to begin with: most facts are remembered."),
    "thorough": ("Thorough", "For the last questions, when Standard has shown that it pays."),
}
_STATES: dict[RunState, tuple[str, str]] = {
    "queued": ("Waiting", ""),
    "running": ("Running", "good"),
    "stopping": ("Stopping", "warn"),
    "stopped": ("Stopped and saved", ""),
    "done": ("Done", "good"),
    "failed": ("Failed", "bad"),
    "interrupted": ("Interrupted", "warn"),
    "withdrawn": ("Not started", ""),
}
_COLUMNS = (
    Column("Run"),
    Column("State"),
    Column("Preset"),
    Column("Examples", numeric=True),
    Column("Steps", numeric=True),
    Column("Loss", numeric=True, hint="Of the last step; lower is better."),
    Column("On unseen", numeric=True, hint="Loss on examples that are not trained on."),
    Column("Took", numeric=True),
    Column(""),
)


def preset_cards(
    chosen: str, epochs: Mapping[str, float], minutes: Mapping[str, float | None]
) -> str:
    """The presets as a choice of one. minutes: None where none was measured on this machine."""
    cards = []
    for name, (title, words) in PRESET_WORDS.items():
        took = minutes.get(name)
        cost = "Time is shown once a first run was measured here."
        if took is not None:
            cost = f"About {duration(60 * took)} on this machine"
        passes = f"{counted(round(epochs[name]), 'pass', 'passes')} over the examples"
        cards.append(
            f'<button type="button" class="card" role="radio" data-action="preset" '
            f'data-id="{name}" aria-checked="{str(name == chosen).lower()}">'
            f"<strong>{title}</strong><span>{words}</span>"
            f'<small class="quiet">{passes}. {cost}</small></button>'
        )
    label = "How long to train"
    return f'<div class="cards" role="radiogroup" aria-label="{label}">{"".join(cards)}</div>'


def examples_line(train: int, validation: int) -> str:
    """What there is to train on."""
    if not train:
        return notice(
            "There are no examples to train on yet: write or import some on the Examples tab.",
            "info",
        )
    watched = f", {validation:,} more watched but not trained on" if validation else ""
    return f"<p>{counted(train, 'example')} to train on{watched}.</p>"


def run_panel(run: Run | None) -> str:
    """One run: how far it is, its loss, and what it came to."""
    if run is None:
        return ""
    word, tone = _STATES[run.state]
    head = f"<h3>Run of {moment(run.created_at)} {tag(word, tone)}</h3>"
    return (
        f'<section class="run">{head}{_said(run)}{_figures(run)}{loss_chart(run.steps)}</section>'
    )


def loss_chart(steps: Sequence[Step]) -> str:
    """Loss by step, of the examples trained on and of those watched."""
    trained = [(float(s.step), s.loss) for s in steps if s.loss is not None]
    unseen = [(float(s.step), s.validation_loss) for s in steps if s.validation_loss is not None]
    if len(trained) + len(unseen) < 2:
        return ""
    said = "Loss while training."
    if trained:
        said = f"Loss while training, from {trained[0][1]:.2f} to {trained[-1][1]:.2f}."
    lines = [
        Line("trained on", "trained", trained),
        Line("not trained on", "unseen-dots", unseen),
    ]
    return line_chart(lines, "step", "Loss (lower is better)", said)


def run_table(runs: Sequence[Run], shown: str) -> str:
    """All runs, newest first."""
    if not runs:
        return empty("Not trained yet", "A finished run answers in the chat as “Tuned”.")
    rows = []
    for run in runs:
        word, tone = _STATES[run.state]
        last = run.steps[-1] if run.steps else None
        presses = press("Show", "show", run.id, f"run {run.id}") if run.id != shown else ""
        if run.state in ("stopped", "failed", "interrupted"):
            presses += press("Resume", "resume", run.id, f"run {run.id}")
        rows.append(
            (
                f'<strong>{moment(run.created_at)}</strong> <small class="quiet">{escape(run.id)}'
                "</small>",
                tag(word, tone),
                PRESET_WORDS.get(run.settings.preset, (run.settings.preset, ""))[0],
                f"{run.rows.get('train', 0):,}",
                f"{last.step:,} of {last.total_steps:,}" if last else "–",
                _loss([s.loss for s in run.steps]),
                _loss([s.validation_loss for s in run.steps]),
                duration(last.seconds) if last else "–",
                f'<span class="presses">{presses}</span>',
            )
        )
    return table(_COLUMNS, rows, "Training runs")


def _said(run: Run) -> str:
    last = run.steps[-1] if run.steps else None
    if run.live:
        if last is None:
            return progress("Starting: the model is being loaded for training", None)
        left = duration(last.seconds_left)
        text = f"Step {last.step:,} of {last.total_steps:,}" + (f", {left} left" if left else "")
        if run.state == "stopping":
            text = f"Stopping after step {last.step:,}; the adapter is being saved"
        return progress(text, last.step / max(last.total_steps, 1))
    if run.error:
        return notice(run.error, "bad" if run.state == "failed" else "warn")
    if run.adapter is not None:
        return notice("Training is saved: this model answers in the chat as “Tuned”.", "good")
    return ""


def _figures(run: Run) -> str:
    last = run.steps[-1] if run.steps else None
    if last is None:
        return ""
    facts = [("Loss", _loss([s.loss for s in run.steps]))]
    facts.append(("Loss on unseen", _loss([s.validation_loss for s in run.steps])))
    if last.tokens_per_second:
        facts.append(("Speed", f"{last.tokens_per_second:,.0f} tokens/s"))
    facts.append(("Time so far" if run.live else "Took", duration(last.seconds)))
    facts.append(("Pass", f"{last.epoch:.1f} of {run.settings.epochs or 0:.0f}"))
    items = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in facts)
    return f'<dl class="facts">{items}</dl>'


def _loss(values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    return f"{known[-1]:.2f}" if known else "–"
