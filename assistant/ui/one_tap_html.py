"""“Was this useful? Was it right?” below an answer, as buttons to press."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from types import MappingProxyType

from assistant.monitoring.one_tap import TAP_QUESTIONS, TapQuestion, is_asked_about
from assistant.monitoring.records import Impression
from assistant.records import Answer

Given = Mapping[tuple[str, str], Impression]
"""What one voter answered, by turn and side."""

NOTHING_GIVEN: Given = MappingProxyType({})


def one_tap(turn: str, side: str, answer: Answer, given: Given) -> str:
    """The questions with what was answered pressed in; "" where the answer is not asked about."""
    if not is_asked_about(turn, side, answer):
        return ""
    own = given.get((turn, side))
    groups = "".join(_group(question, own) for question in TAP_QUESTIONS)
    return f'<div class="one-tap" data-side="{escape(side)}">{groups}</div>'


def _group(question: TapQuestion, given: Impression | None) -> str:
    stands = question.said(given)
    buttons = "".join(
        f'<button type="button" class="tap" data-action="impression" '
        f'data-question="{question.name}" data-said="{said}" '
        f'aria-pressed="{str(said == stands).lower()}">{escape(label)}</button>'
        for said, label in question.answers
    )
    text = escape(question.text)
    return f'<span role="group" aria-label="{text}"><span>{text}</span>{buttons}</span>'
