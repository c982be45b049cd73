"""One question and what was said to it, as HTML.

A side of a blind comparison that was not voted on yet shows its text alone: what it cites, what it
cost and which weights spoke would tell which is which.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

from assistant.drawing.words import EXPLAINED, NAMES, SIDES
from assistant.records import Answer, Comparison, ContenderKind, Reply
from assistant.review.records import OfferedQuestion
from assistant.ui.answer_text import answer_html
from assistant.ui.one_tap_html import NOTHING_GIVEN, Given, one_tap

Side = Literal["left", "right"]

# In a narrow window: which of the two sides is in view.
SIDE_TABS = (
    '<div class="side-tabs" role="group" aria-label="Side in view">'
    '<button type="button" data-side-tab="left" aria-pressed="true">Side A</button>'
    '<button type="button" data-side-tab="right" aria-pressed="false">Side B</button></div>'
)


@dataclass(frozen=True, slots=True)
class Speaking:
    """A side while it speaks. kind: None where the names are not shown. waiting: what for."""

    text: str = ""
    kind: ContenderKind | None = None
    waiting: str = ""
    failed: str = ""


def speaking_turn(question: str, left: Speaking, right: Speaking | None, note: str = "") -> str:
    """A turn whose answers are still coming."""
    sides = [_speaking_side("left", left, right is None)]
    if right is not None:
        sides.append(_speaking_side("right", right, False))
    return _turn("", question, sides, note, busy=True)


def compared_turn(
    comparison: Comparison,
    revealed: bool,
    note: str = "",
    votable: bool = False,
    given: Given = NOTHING_GIVEN,
    disclaimer: str = "",
    names: tuple[str, str] | None = None,
) -> str:
    """A turn of two whole answers. note: what became of the vote, already escaped.

    votable: offer to vote on this earlier turn. given: what the voter answered in one tap.
    disclaimer: a line below each answer, which is no part of it.
    names: of the two sides, where their kinds alone do not tell.
    """
    answers: tuple[tuple[Side, Answer], ...] = (
        ("left", comparison.left),
        ("right", comparison.right),
    )
    sides = [
        _answered_side(
            side,
            answer,
            revealed,
            name=names[place] if names else "",
            below=one_tap(comparison.id, side, answer, given) if revealed else "",
            disclaimer=disclaimer,
        )
        for place, (side, answer) in enumerate(answers)
    ]
    if votable:
        note += (
            '<button type="button" class="link" data-action="choose">Vote on this question</button>'
        )
    return _turn(comparison.id, comparison.question, sides, note)


def replied_turn(
    reply: Reply,
    thumb: bool | None = None,
    given: Given = NOTHING_GIVEN,
    disclaimer: str = "",
) -> str:
    """A turn of a single pane. thumb: up, down, or not judged.

    given, disclaimer: as in `compared_turn`.
    """
    side = _answered_side("left", reply.answer, True, alone=True, disclaimer=disclaimer)
    thumbs = "".join(
        f'<button type="button" class="thumb" data-action="thumb" data-up="{value}" '
        f'aria-pressed="{str(thumb is up).lower()}">{label}</button>'
        for up, value, label in ((True, "yes", "Good answer"), (False, "no", "Bad answer"))
    )
    note = f'<span class="thumbs">{thumbs}</span>{one_tap(reply.id, "left", reply.answer, given)}'
    return _turn(reply.id, reply.question, [side], note)


def welcome(
    name: str,
    task: str,
    questions: Sequence[str],
    hint: str,
    offered: Sequence[OfferedQuestion] = (),
) -> str:
    """What a new conversation shows: who answers, and questions to press.

    offered: questions of an error list, each asked blind of its own pair.
    """
    examples = "".join(_example(question) for question in questions)
    arena = "".join(
        _example(one.question, f"{NAMES[one.left]} and {NAMES[one.right]}, blind")
        for one in offered
    )
    groups = (("From the errors, to compare blind:", arena), ("Try one of these:", examples))
    shown = "".join(
        f'<p class="quiet">{lead}</p><div class="examples">{pressed}</div>'
        for lead, pressed in groups
        if pressed
    )
    return (
        f'<div class="welcome"><h2>Ask {escape(name)}</h2><p>{escape(task)}</p>'
        f"<p class='quiet'>{escape(hint)}</p>{shown}</div>"
    )


def _example(question: str, pair: str = "") -> str:
    """A question to press. pair: who is asked, where that is not for the pickers to say."""
    marked = ' data-offered="yes"' if pair else ""
    small = f"<small>{escape(pair)}</small>" if pair else ""
    return (
        f'<button type="button" class="example" data-action="ask"{marked} '
        f'data-question="{escape(question)}"><span>{escape(question)}{small}</span></button>'
    )


def _turn(answered: str, question: str, sides: Sequence[str], note: str, busy: bool = False) -> str:
    two = " two" if len(sides) == 2 else ""
    closing = f'<div class="note">{note}</div>' if note else ""
    return (
        f'<section class="turn" data-answered="{escape(answered)}" '
        f'aria-busy="{str(busy).lower()}">'
        f'<div class="question"><span class="sr">You asked: </span>{escape(question)}</div>'
        f'<div class="sides{two}">{"".join(sides)}</div>{closing}</section>'
    )


def _side(side: Side, alone: bool, head: str, said: str, foot: str = "") -> str:
    label = "Answer" if alone else f"Side {SIDES[side]}"
    kind = "alone" if alone else side
    return (
        f'<article class="side {kind}" data-side="{side}" aria-label="{label}">'
        f'<header>{head}</header><div class="said">{said}</div>{foot}</article>'
    )


def _head(side: Side, kind: ContenderKind | None, alone: bool, name: str = "") -> str:
    badge = "" if alone else f'<span class="badge" aria-hidden="true">{SIDES[side]}</span>'
    if kind is None:
        return f'{badge}<span class="who">Side {SIDES[side]}</span>'
    return (
        f'{badge}<span class="who" title="{escape(EXPLAINED[kind])}">'
        f"{escape(name or NAMES[kind])}</span>"
    )


def _speaking_side(side: Side, speaking: Speaking, alone: bool) -> str:
    head = _head(side, None if speaking.kind is None else speaking.kind, alone)
    if alone and speaking.kind is None:
        head = '<span class="who">Answer</span>'
    if speaking.failed:
        said = f'<p class="failed" role="alert">{escape(speaking.failed)}</p>'
    elif speaking.text:
        said = answer_html(speaking.text) + '<span class="caret" aria-hidden="true"></span>'
    else:
        said = f'<p class="waiting">{escape(speaking.waiting)}</p>'
    return _side(side, alone, head, said)


def _answered_side(
    side: Side,
    answer: Answer,
    revealed: bool,
    alone: bool = False,
    below: str = "",
    disclaimer: str = "",
    name: str = "",
) -> str:
    warned = f'<p class="disclaimer">{escape(disclaimer)}</p>' if disclaimer else ""
    kind = answer.contender.kind
    head = _head(side, kind if revealed else None, alone, name)
    stopped = '<p class="quiet">Stopped before it was whole.</p>' if answer.stopped else ""
    if not revealed:
        return _side(side, alone, head, answer_html(answer.text) + stopped, warned)
    if answer.abstained and not answer.usage.tokens_out:
        stopped = '<p class="quiet">Nothing relevant was found, so the model was not asked.</p>'
    underline = not answer.contender.retrieves and not answer.abstained and kind != "base"
    said = answer_html(answer.text, answer.citations, underline) + stopped
    return _side(side, alone, head, said, _sources(answer) + warned + _cost(answer) + below)


def _sources(answer: Answer) -> str:
    """What the answer stands on, each passage once."""
    if not answer.citations:
        if answer.abstained or answer.stopped or not answer.contender.retrieves:
            return ""
        return '<p class="sources quiet">No passage supports this word for word.</p>'
    lead = "" if answer.contender.retrieves else '<span class="quiet">supported by</span> '
    once = {citation.marker: citation for citation in answer.citations}
    items = []
    for marker, citation in sorted(once.items()):
        page = f", p. {citation.page}" if citation.page else ""
        items.append(
            f'<li><button type="button" class="source" data-action="cite" '
            f'data-marker="{marker}" data-text="{escape(_short(citation.text))}">'
            f'<span class="number">{marker}</span>{escape(citation.document)}{page}</button></li>'
        )
    return f'<div class="sources">{lead}<ul>{"".join(items)}</ul></div>'


def _cost(answer: Answer) -> str:
    usage = answer.usage
    parts = [f"{max(usage.seconds_to_first_token, 0.1):.1f} s to first word"]
    if usage.tokens_out:
        parts.append(f"{usage.tokens_per_second:.0f} tokens/s")
        parts.append(f"{usage.tokens_in:,} tokens in, {usage.tokens_out:,} out")
    weights = (
        f'<span title="Fingerprint of the weights that answered: {escape(answer.fingerprint)}">'
        f"weights {escape(answer.fingerprint[:8])}</span>"
    )
    spans = "".join(f"<span>{part}</span>" for part in parts)
    return f"<footer>{spans}{weights}</footer>"


def _short(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= 280 else words[:279].rsplit(" ", 1)[0] + " …"
