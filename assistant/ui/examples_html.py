"""The list of examples as HTML: what they are for, one page of them, and the keys."""

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
STANDING: dict[str, str] = {
    "": "In use",
    "flagged": "Flagged: look at these",
    "ambiguous": "Flagged: ambiguous",
    "personal data": "Flagged: personal data",
    "unanswerable": "Not in the documents",
    "stale": "Stale: documents changed",
    "rejected": "Rejected",
}
FLAGS: dict[str, str] = {
    "ambiguous": "Searching with this question does not bring its own passage among the first "
    "four: it may name too little, or several passages answer it.",
    "personal data": "It holds what looks like an e-mail address, or the number of a telephone, a "
    "card or a person.",
    "stale": "The section that it was written from is in the documents no more, or says "
    "something else now.",
}
KEYS = (
    ("j k", "next, previous"),
    ("o", "open"),
    ("a", "accept"),
    ("e", "edit"),
    ("r", "reject"),
    ("x", "tick"),
    ("u", "undo"),
)
_CLIPPED = 260  # characters of a question or an answer in the list
_COLUMNS = (
    Column("", hint="Tick"),
    Column("Question"),
    Column("Answer"),
    Column("Use"),
    Column("From"),
    Column(""),
)


def summary(examples: Sequence[Example]) -> str:
    """How many there are for what, of those in use; rejected ones are counted apart."""
    if not examples:
        return ""
    used = [example for example in examples if not example.rejected]
    counts = Counter(example.split for example in used)
    items = "".join(
        _count(counts[split], name.lower(), SPLIT_HINTS[split])
        for split, name in SPLITS.items()
        if counts[split]
    )
    for number, name, hint in (
        (
            sum(not example.answerable for example in used),
            "not in the documents",
            "Questions that the documents do not answer, so that the model learns to say so.",
        ),
        (
            sum(bool(example.flags) for example in used),
            "flagged",
            "Worth a look before training: choose “Flagged” under State.",
        ),
        (
            len(examples) - len(used),
            "rejected",
            "Neither trained on nor tested with; kept, so that writing does not bring them back.",
        ),
    ):
        items += _count(number, name, hint) if number else ""
    return f'<ul class="counts">{items}</ul>'


def example_table(
    found: Sequence[Example], page: int, total: int, stale: frozenset[str] = frozenset()
) -> str:
    """One page of the found examples. page: from 0. total: how many there are without the filter.
    stale: ids of those that are."""
    if not total:
        return empty(
            "No examples yet",
            "Write them from your documents, import a file of questions and answers, or add one "
            "by hand. A model is trained on them.",
        )
    if not found:
        return empty("None of these", "No example fits the filter: clear it to see them all.")
    shown = found[page * PAGE : (page + 1) * PAGE]
    rows = [_row(example, example.id in stale) for example in shown]
    marks = [
        f'data-example="{escape(example.id)}" tabindex="{-1 if place else 0}"'
        f"{' class=rejected' if example.rejected else ''}"
        for place, example in enumerate(shown)
    ]
    return table(_COLUMNS, rows, "Examples", marks) + _foot(found, page)


def section_filter_html(said: str) -> str:
    """That the list shows one section alone, with the way out."""
    return (
        f'<p class="narrowed"><span dir="auto">{escape(said)}</span> {press("Show all", "all")}</p>'
    )


def keys_html() -> str:
    """The keys in one quiet line."""
    keys = "".join(
        "<li>" + "".join(f"<kbd>{key}</kbd>" for key in pressed.split()) + f" {said}</li>"
        for pressed, said in KEYS
    )
    return f'<ul class="keys quiet" aria-label="Keys, while the list has the focus">{keys}</ul>'


def flag_tags(example: Example, stale: bool) -> str:
    """Its flags as tags, each with its meaning."""
    flags = [*example.flags, *(["stale"] if stale else [])]
    tags = "".join(
        f'<span class="tag warn" title="{escape(FLAGS.get(flag, ""))}">{escape(flag)}</span>'
        for flag in flags
    )
    if not example.answerable:
        tags += tag("not in the documents")
    if example.rejected:
        tags += tag("rejected", "bad")
    return tags


def _row(example: Example, stale: bool) -> tuple[str, ...]:
    about = f"“{clipped(example.question, 80)}”"
    tags = flag_tags(example, stale)
    return (
        f'<input type="checkbox" data-tick="{escape(example.id)}" '
        f'aria-label="{escape(f"Tick {about}")}">',
        f'<button type="button" class="words opens" dir="auto" data-action="open" '
        f'data-id="{escape(example.id)}">{escape(clipped(example.question))}</button>',
        f'<span class="words" dir="auto">{escape(clipped(example.answer))}</span>'
        + (f'<span class="tags">{tags}</span>' if tags else ""),
        f'<span title="{escape(SPLIT_HINTS[example.split])}">{SPLITS[example.split]}</span>',
        _origin(example),
        f'<span class="presses">{_presses(example, about)}</span>',
    )


def _presses(example: Example, about: str) -> str:
    if example.rejected:
        return press("Take back", "take-back", example.id, about)
    accepted = press("Accept", "accept", example.id, about) if example.flags else ""
    return (
        accepted
        + press("Edit", "edit", example.id, about)
        + press("Reject", "reject", example.id, about)
    )


def clipped(text: str, most: int = _CLIPPED) -> str:
    """The text, or its beginning where it is long."""
    return text if len(text) <= most else text[:most].rstrip() + " …"


def _count(number: int, name: str, hint: str) -> str:
    return f'<li title="{escape(hint)}"><strong>{number:,}</strong> {escape(name)}</li>'


def _origin(example: Example) -> str:
    place = (
        f'<small class="quiet" dir="auto">{escape(clipped(example.document, 90))}</small>'
        if example.document
        else ""
    )
    hint = f' title="{escape(example.method)}"' if example.method else ""
    return f"<span{hint}>{SOURCES[example.source]}</span>{place}"


def _foot(found: Sequence[Example], page: int) -> str:
    first, last = page * PAGE + 1, min((page + 1) * PAGE, len(found))
    said = f"{first:,} to {last:,} of {counted(len(found), 'example')}"
    earlier = press("Earlier", "page", str(page - 1)) if page else ""
    later = press("Later", "page", str(page + 1)) if last < len(found) else ""
    back = all(example.rejected for example in found)
    label, action = ("Take back", "take-back-many") if back else ("Reject", "reject-many")
    many = (
        f'<button type="button" class="small" data-action="{action}">'
        f"{label} the ticked, or all {len(found):,} …</button>"
    )
    return f'<div class="pager">{earlier}<span class="quiet">{said}</span>{later}{many}</div>'
