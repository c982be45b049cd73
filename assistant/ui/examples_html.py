"""The examples tab as HTML."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from html import escape

from assistant.drawing.tables import Column, empty, press, table, tag
from assistant.drawing.words import counted
from assistant.records import Example, ExampleSource, SplitName

PAGE = 50  # rows shown at once

SPLITS: dict[SplitName, str] = {
    "train": "Train",
    "validation": "Watch",
    "recall": "Recall test",
    "generalisation": "Generalisation test",
}
SPLIT_HINTS: dict[SplitName, str] = {
    "train": "Trained on.",
    "validation": "Never trained on; the loss on it is watched while training.",
    "recall": "A trained fact in a wording that is not trained.",
    "generalisation": "From sections that are searched, but not trained on.",
}
SOURCES: dict[ExampleSource, str] = {
    "written": "Written by hand",
    "imported": "Imported",
    "generated": "From the documents",
    "vote": "From the chat",
}
_COLUMNS = (
    Column("Question"),
    Column("Answer"),
    Column("Use"),
    Column("From"),
    Column(""),
)


def summary(examples: Sequence[Example]) -> str:
    """How many there are for what."""
    if not examples:
        return ""
    counts = Counter(example.split for example in examples)
    refusals = sum(not example.answerable for example in examples)
    items = "".join(
        f'<li title="{escape(SPLIT_HINTS[split])}"><strong>{counts[split]:,}</strong> '
        f"{escape(name.lower())}</li>"
        for split, name in SPLITS.items()
        if counts[split]
    )
    if refusals:
        items += (
            '<li title="Questions that the documents do not answer, so that the model learns to '
            f'say so."><strong>{refusals:,}</strong> not in the documents</li>'
        )
    return f'<ul class="counts">{items}</ul>'


def filtered(examples: Sequence[Example], words: str, split: str, source: str) -> list[Example]:
    """Those that hold all the words, of that split and source ("" takes any)."""
    wanted = words.casefold().split()
    found = []
    for example in examples:
        if (split and example.split != split) or (source and example.source != source):
            continue
        text = f"{example.question} {example.answer} {example.document}".casefold()
        if all(word in text for word in wanted):
            found.append(example)
    return found


def example_table(found: Sequence[Example], page: int, total: int) -> str:
    """One page of the found examples. page: from 0."""
    if not total:
        return empty(
            "No examples yet",
            "Write them from your documents, import a file of questions and answers, or add one "
            "by hand. A model is trained on them.",
        )
    if not found:
        return empty("None of these", "No example fits the filter: clear it to see them all.")
    shown = found[page * PAGE : (page + 1) * PAGE]
    rows = [
        (
            escape(example.question),
            _answer(example),
            f'<span title="{escape(SPLIT_HINTS[example.split])}">{SPLITS[example.split]}</span>',
            _origin(example),
            '<span class="presses">'
            + press("Edit", "edit", example.id, f"“{example.question}”")
            + press("Delete", "delete", example.id, f"“{example.question}”")
            + "</span>",
        )
        for example in shown
    ]
    return table(_COLUMNS, rows, "Examples") + _pager(len(found), page)


def _answer(example: Example) -> str:
    if example.answerable:
        return escape(example.answer)
    return f"{escape(example.answer)} {tag('not in the documents')}"


def _origin(example: Example) -> str:
    place = f'<small class="quiet">{escape(example.document)}</small>' if example.document else ""
    hint = f' title="{escape(example.method)}"' if example.method else ""
    return f"<span{hint}>{SOURCES[example.source]}</span>{place}"


def _pager(found: int, page: int) -> str:
    first, last = page * PAGE + 1, min((page + 1) * PAGE, found)
    said = f"{first:,} to {last:,} of {counted(found, 'example')}"
    earlier = press("Earlier", "page", str(page - 1)) if page else ""
    later = press("Later", "page", str(page + 1)) if last < found else ""
    return f'<div class="pager">{earlier}<span class="quiet">{said}</span>{later}</div>'
