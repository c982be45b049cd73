"""One example whole: its words, what it stands on, what was measured of it, and its siblings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

from assistant.drawing.tables import press
from assistant.records import Example
from assistant.ui.examples_html import FLAGS, SOURCES, SPLIT_HINTS, SPLITS
from assistant.ui.passages import drawer

_SIBLINGS = 12

_SCORES: dict[str, Callable[[float], str]] = {
    "support": lambda share: f"The passage holds {100 * share:.0f} % of what the answer says.",
    "overlap": lambda share: f"The question holds {100 * share:.0f} % of the answer's own words.",
    "rank": lambda rank: f"Searched for with the question, its passage comes in place {rank:.0f}.",
}


def example_drawer(example: Example, siblings: Sequence[Example], heading: str, stale: bool) -> str:
    """siblings: the other examples of the same fact. heading: where in the document, "" where that
    is not known."""
    parts = [
        _part("Question", f'<p class="words" dir="auto">{escape(example.question)}</p>'),
        _part("Reference answer", f'<p class="words" dir="auto">{escape(example.answer)}</p>'),
        _passage(example, heading, stale),
        _part("Worth a look", _flags(example, stale)),
        _part("Measured when it was written", _scores(example)),
        _part("Other wordings of the same fact", _siblings(siblings)),
    ]
    where = f"{SPLITS[example.split]}: {SPLIT_HINTS[example.split]}"
    body = f'<div data-drawer-example="{escape(example.id)}">{"".join(parts)}</div>'
    return drawer("Example", where, _presses(example) + body)


def evidence(passage: str, span: tuple[int, int] | None) -> str:
    """The passage with the answer's evidence marked, where it is known."""
    if span is None or not 0 <= span[0] < span[1] <= len(passage):
        return escape(passage)
    start, end = span
    return (
        f"{escape(passage[:start])}<mark>{escape(passage[start:end])}</mark>{escape(passage[end:])}"
    )


def _part(title: str, body: str) -> str:
    return f'<section class="part"><h3>{escape(title)}</h3>{body}</section>' if body else ""


def _presses(example: Example) -> str:
    own = (
        (("Take back", "take-back"),)
        if example.rejected
        else (
            *((("Accept", "accept"),) if example.flags else ()),
            ("Edit", "edit"),
            ("Reject", "reject"),
        )
    )
    buttons = "".join(
        press(label, f"example-{action}", example.id)
        for label, action in (*own, ("Delete", "delete"))
    )
    return f'<div class="presses wrapped">{buttons}</div>'


def _passage(example: Example, heading: str, stale: bool) -> str:
    method = f", {example.method}" if example.method else ""
    origin = f'<p class="quiet">{escape(SOURCES[example.source] + method)}</p>'
    if not example.passage:
        said = escape(example.document) if example.document else "No passage is kept with it."
        return _part("Where it comes from", f'<p dir="auto">{said}</p>{origin}')
    place = " › ".join(part for part in (example.document, heading) if part)
    gone = f'<p class="warning">{escape(FLAGS["stale"])}</p>' if stale else ""
    text = evidence(example.passage, example.span)
    return _part(
        "Where it comes from",
        f'<p class="name" dir="auto">{escape(place)}</p>{origin}{gone}'
        f'<div class="excerpt" dir="auto">{text}</div>',
    )


def _flags(example: Example, stale: bool) -> str:
    flags = [*example.flags, *(["stale"] if stale else [])]
    items = "".join(
        f'<li><span class="tag warn">{escape(flag)}</span> {escape(FLAGS.get(flag, ""))}</li>'
        for flag in flags
    )
    return f'<ul class="plain">{items}</ul>' if items else ""


def _scores(example: Example) -> str:
    items = "".join(
        f"<li>{escape(_SCORES[name](score) if name in _SCORES else f'{name}: {score:.2f}')}</li>"
        for name, score in example.scores.items()
    )
    return f'<ul class="plain">{items}</ul>' if items else ""


def _siblings(siblings: Sequence[Example]) -> str:
    items = "".join(
        f'<li dir="auto">{escape(one.question)} <span class="tag">{SPLITS[one.split]}</span></li>'
        for one in siblings[:_SIBLINGS]
    )
    more = len(siblings) - _SIBLINGS
    items += f'<li class="quiet">and {more:,} more</li>' if more > 0 else ""
    return f'<ul class="plain">{items}</ul>' if items else ""
