"""One run as HTML: how far it is, what it needs, its curves, and its answers while they change."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from assistant.drawing.charts import Line, line_chart
from assistant.drawing.tables import tag
from assistant.drawing.words import duration
from assistant.runs import Run, RunState, Step
from assistant.training.estimate import GIB
from assistant.training.progress import Sample
from assistant.ui.notices import notice, progress

STATES: dict[RunState, tuple[str, str]] = {
    "queued": ("Waiting", ""),
    "running": ("Running", "good"),
    "stopping": ("Stopping", "warn"),
    "stopped": ("Stopped and saved", ""),
    "done": ("Done", "good"),
    "failed": ("Failed", "bad"),
    "interrupted": ("Interrupted", "warn"),
    "withdrawn": ("Not started", ""),
}

_CHAT_GOES_ON = (
    "The chat goes on meanwhile, more slowly: both share this machine. You may close this page."
)


def run_panel(run: Run | None, waits: str = "") -> str:
    """One run. waits: where it stands in the queue, "" where it does not wait."""
    if run is None:
        return ""
    word, tone = STATES[run.state]
    head = f'<h3><span class="name" dir="auto">{escape(run.title)}</span> {tag(word, tone)}</h3>'
    charts = loss_chart(run.steps) + recall_chart(run)
    return (
        f'<section class="run">{head}{_said(run, waits)}{_notices(run)}{_figures(run)}'
        f'<div class="charts">{charts}</div>{samples_html(run.samples)}</section>'
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
    return line_chart(lines, "step", "Loss in nats (lower is better)", said)


def recall_points(run: Run) -> list[tuple[float, float]]:
    """(step, held-out fact recall), step 0 being the base model."""
    before = [] if run.untrained_recall is None else [(0.0, run.untrained_recall)]
    return before + [
        (float(s.step), s.held_out_recall) for s in run.steps if s.held_out_recall is not None
    ]


def recall_chart(run: Run) -> str:
    """Held-out fact recall by step."""
    points = recall_points(run)
    if len(points) < 2:
        return ""
    said = f"Held-out fact recall, from {points[0][1]:.2f} to {points[-1][1]:.2f}."
    return line_chart(
        [Line("held-out facts recalled", "first", points)],
        "step",
        "Held-out fact recall (higher is better)",
        said,
        (0.0, 1.0),
    )


def samples_html(samples: Sequence[Sample]) -> str:
    """Each fixed question with its reference, the first answer and the latest beside it."""
    if not samples:
        return ""
    cards = []
    for question in dict.fromkeys(one.question for one in samples):
        own = [one for one in samples if one.question == question]
        first, latest = own[0], own[-1]
        shown = [_answer(first, "Before training" if not first.step else f"Step {first.step:,}")]
        if latest is not first:
            shown.append(_answer(latest, f"After step {latest.step:,}"))
        kept = "kept from training" if first.held_out else "trained on"
        between = "".join(
            f'<li><b>Step {one.step:,}</b> <span dir="auto">{escape(one.answer)}</span></li>'
            for one in own[1:-1]
        )
        more = (
            f"<details><summary>Between ({len(own) - 2})</summary><ul class='plain'>{between}</ul>"
            "</details>"
            if between
            else ""
        )
        cards.append(
            f'<article class="sample"><h4 dir="auto">{escape(question)}</h4>'
            f'<p class="quiet" dir="auto">Reference ({kept}): {escape(first.reference)}</p>'
            f'<div class="answers">{"".join(shown)}</div>{more}</article>'
        )
    return (
        '<div class="samples"><h4 class="section">The same questions, asked again and again</h4>'
        f"{''.join(cards)}</div>"
    )


def recall_of(run: Run) -> float | None:
    """Of the adapter that is kept where the run ended, else of the last evaluation."""
    final = run.final.get("held_out_recall")
    if isinstance(final, int | float):
        return float(final)
    points = recall_points(run)
    return points[-1][1] if points else None


def loss_words(values: Sequence[float | None]) -> str:
    """The last known of these losses."""
    known = [value for value in values if value is not None]
    return f"{known[-1]:.2f}" if known else "–"


def _answer(sample: Sample, when: str) -> str:
    word = tag("recalled", "good") if sample.recalled else tag("not recalled")
    said = escape(sample.answer) or '<span class="quiet">No words.</span>'
    return f'<div><small class="quiet">{when}</small> {word}<p dir="auto">{said}</p></div>'


def _said(run: Run, waits: str) -> str:
    last = run.steps[-1] if run.steps else None
    if run.state == "queued":
        return notice(waits or "It waits for another run to end.", "info")
    if run.live:
        return _going(run, last)
    said = ""
    if run.error:
        said = notice(run.error, "bad" if run.state == "failed" else "warn")
        if run.adapter is not None:
            said += notice("Its saved weights are kept and answer in the chat as “Tuned”.", "info")
        elif last is not None and run.state != "withdrawn":
            said += f'<p class="quiet">It came to {last.step:,} of {last.total_steps:,} steps.</p>'
    elif run.adapter is not None and run.trial:
        said = notice("Done: a trial of a sweep. Keep it to let it answer in the chat.", "good")
    elif run.adapter is not None:
        said = notice("Training is saved: this model answers in the chat as “Tuned”.", "good")
    return said + _ended(run)


def _going(run: Run, last: Step | None) -> str:
    if last is None:
        stage = "Starting: the model is being loaded for training"
        if run.preflight is not None:
            stage = "The first steps and the answers before training are being made"
        return progress(stage, None, _CHAT_GOES_ON)
    left = duration(last.seconds_left)
    text = f"Step {last.step:,} of {last.total_steps:,}" + (f", {left} left" if left else "")
    if run.state == "stopping":
        text = f"Stopping after step {last.step:,}; the adapter is being saved"
    return progress(text, last.step / max(last.total_steps, 1), _CHAT_GOES_ON)


def _ended(run: Run) -> str:
    """How it ended, where that needs a word: early, by hand, with an earlier adapter."""
    final, said = run.final, []
    if final.get("stopped_early"):
        patience = run.settings.patience
        said.append(
            f"Ended early after step {final.get('steps', 0):,}: {patience} evaluations in a row "
            "were no better than the best one, so that more steps would have cost time alone."
        )
    kept, ran = final.get("step"), final.get("steps")
    if kept and ran and kept != ran:
        chosen = final.get("chosen_by") or "the best evaluation"
        said.append(f"The adapter after step {kept:,} of {ran:,} is kept ({chosen}).")
    left_out = final.get("rows_left_out")
    if left_out:
        said.append(f"{left_out:,} rows were longer than the max length and left out.")
    return f'<p class="quiet">{escape(" ".join(said))}</p>' if said else ""


def _notices(run: Run) -> str:
    """What the pre-flight found, and what was done otherwise than asked for."""
    said = dict.fromkeys((*(run.preflight.notices if run.preflight else ()), *run.notices))
    parts = [notice(one, "warn") for one in said]
    if run.preflight is not None:
        where = escape(f"{run.preflight.sentence} On {run.preflight.device_name}.")
        parts.insert(0, f'<p class="quiet">Measured before the first step: {where}</p>')
    return "".join(parts)


def _figures(run: Run) -> str:
    last = run.steps[-1] if run.steps else None
    if last is None:
        return ""
    facts = [("Loss", loss_words([s.loss for s in run.steps]))]
    facts.append(("Loss on unseen", loss_words([s.validation_loss for s in run.steps])))
    recall = recall_of(run)
    if recall is not None:
        facts.append(("Held-out recall", f"{recall:.2f}"))
    if last.tokens_per_second:
        facts.append(("Speed", f"{last.tokens_per_second:,.0f} tokens/s"))
    facts.append(("Time so far" if run.live else "Took", duration(last.seconds)))
    facts.append(("Epoch", f"{last.epoch:.1f} of {run.settings.epochs or 0:.0f}"))
    if last.memory_bytes is not None:
        most = f" (peak {last.peak_memory_bytes / GIB:.1f})" if last.peak_memory_bytes else ""
        facts.append(("Memory", f"{last.memory_bytes / GIB:.1f} GiB{most}"))
    if last.gpu_use is not None:
        facts.append(("GPU at work", f"{100 * last.gpu_use:.0f} %"))
    items = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in facts)
    return f'<dl class="facts">{items}</dl>'
