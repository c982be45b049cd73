"""What came of writing examples: how many, of which kind, and what the filters left out."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Protocol

from assistant.drawing.words import counted
from assistant.ui.examples_html import clipped

# What a filter's name means, where its name alone does not say it.
_REASONS = {
    "not supported by the passage": "The passage does not hold what the answer says.",
    "gives the answer away": "The question holds what it asks for.",
    "points at the passage": "The question speaks of “this passage”, which nobody sees in a chat.",
    "badly formed": "It does not read like a question.",
    "asked with another answer": "The same question has another answer elsewhere.",
    "repeated": "It was there already.",
}


class Left(Protocol):
    """What was left out for one reason: `DropCount` of the filters, `Discarded` of a model."""

    @property
    def reason(self) -> str: ...

    @property
    def count(self) -> int: ...

    @property
    def samples(self) -> tuple[str, ...]: ...


def written_html(said: str, sentences: Sequence[str], left: Sequence[Left]) -> str:
    """said: the first sentence. left: reasons, the most frequent first."""
    more = "".join(f"<p>{escape(sentence)}</p>" for sentence in sentences if sentence)
    total = sum(one.count for one in left)
    reasons = "".join(_reason(one) for one in left)
    filtered = (
        f"<details><summary>{counted(total, 'candidate')} left out by the filters</summary>"
        f'<ul class="plain">{reasons}</ul></details>'
        if left
        else ""
    )
    return (
        f'<div class="notice good" role="status"><strong>Done</strong><div><p>{escape(said)}</p>'
        f"{more}{filtered}</div></div>"
    )


def _reason(one: Left) -> str:
    meaning = _REASONS.get(one.reason, "")
    samples = "".join(f'<li dir="auto">{escape(clipped(text, 160))}</li>' for text in one.samples)
    return (
        f'<li><strong>{one.count:,}</strong> {escape(one.reason)} <span class="quiet">'
        f"{escape(meaning)}</span><ul>{samples}</ul></li>"
    )
