"""The training tab as HTML: what there is to train on, the presets, the queue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from assistant.drawing.tables import Column, press, table
from assistant.drawing.words import counted, duration
from assistant.registry.readiness import Cost, Lacking
from assistant.registry.waiting import Queued
from assistant.training.estimate import GIB
from assistant.ui.notices import notice

PRESET_WORDS = {
    "quick": ("Quick", "A first look: does training help at all?"),
    "standard": ("Standard", "What to begin with: most facts are remembered."),
    "thorough": ("Thorough", "For the last questions, when Standard has shown that it pays."),
}

_UNMEASURED = "Not measured on this machine yet: the run measures itself before its first step."

_QUEUE = (
    Column("Place"),
    Column("Run"),
    Column("Assistant"),
    Column("Starts in", numeric=True),
    Column("Takes", numeric=True),
    Column(""),
)


def preset_cards(chosen: str, costs: Mapping[str, Cost]) -> str:
    """The presets as a choice of one, with what each takes here."""
    cards = []
    for name, (title, words) in PRESET_WORDS.items():
        cost = costs[name]
        rows = counted(cost.rows, "row")
        passes = counted(round(cost.epochs), "epoch")
        given = f"<span><b>{rows}</b>, <b>{passes}</b></span>" if cost.rows else ""
        cards.append(
            f'<button type="button" class="card" role="radio" data-action="preset" '
            f'data-id="{name}" aria-checked="{str(name == chosen).lower()}">'
            f"<strong>{title}</strong><span>{words}</span>{given}"
            f'<small class="quiet">{escape(_cost(cost))}</small></button>'
        )
    label = "How long to train"
    return f'<div class="cards" role="radiogroup" aria-label="{label}">{"".join(cards)}</div>'


def examples_line(train: int, validation: int, missing: Lacking | None) -> str:
    """What there is to train on, or what keeps it from starting."""
    if missing is not None:
        return notice(missing.sentence, "info")
    watched = f", {validation:,} more watched but not trained on" if validation else ""
    return f"<p>{counted(train, 'example')} to train on{watched}.</p>"


def queue_html(queued: Sequence[Queued]) -> str:
    """The run at work and those that wait, of all assistants; "" where none waits."""
    if not any(one.position for one in queued):
        return ""
    rows = []
    for one in queued:
        title = escape(one.name or one.run_id)
        presses = ""
        if one.position:
            item = f"{one.slug}/{one.run_id}"
            presses = press("Move up", "queue-up", item, title) if one.position > 1 else ""
            presses += press("Take out", "queue-out", item, title)
        rows.append(
            (
                "At work" if not one.position else str(one.position),
                f'<span class="name">{title}</span>',
                escape(one.assistant),
                "–" if not one.position else _about(one.starts_in),
                _about(one.takes),
                f'<span class="presses">{presses}</span>',
            )
        )
    head = '<h3 class="section">Queue</h3><p class="quiet">One run trains at a time.</p>'
    return head + table(_QUEUE, rows, "Runs that wait")


def _cost(cost: Cost) -> str:
    if cost.minutes is None and cost.needed_bytes is None:
        return _UNMEASURED
    said = []
    if cost.minutes is not None:
        said.append(f"About {duration(60 * cost.minutes)} here")
    if cost.needed_bytes is not None:
        free = f"{cost.free_bytes / GIB:.1f} GiB that are free"
        said.append(f"{cost.needed_bytes / GIB:.1f} of the {free}")
    return ", ".join(said) + ", by runs measured on this machine."


def _about(seconds: float | None) -> str:
    return "not measured" if seconds is None else f"about {duration(seconds)}"
