"""Examples as rows of Duet's own columns, and back: what is written is what is read again."""

from __future__ import annotations

import json
import math
from typing import Any, get_args

from assistant.examples import SPLITS
from assistant.interchange.shapes import RowFault
from assistant.prompts import NOT_IN_DOCUMENTS
from assistant.records import Example, ExampleSource, SplitName, example_id

Row = dict[str, Any]

_TEXT_FIELDS = ("question", "answer", "document", "passage", "fact", "section", "split")
_SOURCES: tuple[ExampleSource, ...] = get_args(ExampleSource)
_YES, _NO = ("true", "yes", "1"), ("false", "no", "0")


def row_of(example: Example) -> Row:
    """All that an example holds but its id, which follows from its words."""
    return {
        "question": example.question,
        "answer": example.answer,
        "split": example.split,
        "answerable": example.answerable,
        "document": example.document,
        "passage": example.passage,
        "fact": example.fact,
        "section": example.section,
        "source": example.source,
        "method": example.method,
        "span": list(example.span) if example.span else None,
        "scores": {name: one for name, one in example.scores.items() if math.isfinite(one)},
        "flags": list(example.flags),
        "rejected": example.rejected,
    }


def flat(row: Row) -> Row:
    """The row with its lists and mappings as JSON text, for tables whose cells hold none."""
    return {
        name: json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value
        for name, value in row.items()
    }


def example_of(row: Row, file_name: str) -> Example:
    """The example of a row of our own columns. Raises RowFault with everything that is wrong."""
    if fault := _fault(row):
        raise RowFault(fault)
    question, answer = (_lines(row.get(name)) for name in ("question", "answer"))
    answer = answer or NOT_IN_DOCUMENTS
    stated = (row.get("split") or "").strip().lower()
    split: SplitName = next((name for name in SPLITS if name == stated), "train")
    source: ExampleSource = next((s for s in _SOURCES if s == row.get("source")), "imported")
    document, passage, fact, section = (
        row.get(name) or "" for name in ("document", "passage", "fact", "section")
    )
    method = row.get("method")
    return Example(
        id=example_id(question, answer),
        question=question,
        answer=answer,
        source=source,
        split=split,
        answerable=bool(_truth(row.get("answerable"), missing=True)),
        document=document.strip(),
        passage=passage if passage.strip() else "",  # as it stands: a span counts its characters
        fact=fact.strip(),
        section=section.strip(),
        method=method if isinstance(method, str) and method else file_name,
        span=_span(row.get("span"), len(passage)),
        scores=_scores(row.get("scores")),
        flags=_flags(row.get("flags")),
        rejected=_truth(row.get("rejected"), missing=False) is True,
    )


def _fault(row: Row) -> str:
    """Everything that is wrong with a row, "" where nothing is."""
    faults = []
    for name in _TEXT_FIELDS:
        value = row.get(name)
        if value is not None and not isinstance(value, str):
            faults.append(f"{name} is not text")
        elif value and not _storable(value):
            faults.append(f"{name} holds a character that is no text (NUL, or half a character)")
    answerable = _truth(row.get("answerable"), missing=True)
    if answerable is None:
        faults.append("answerable is neither true nor false")
    for name in ("question", "answer"):
        value = row.get(name)
        needed = name == "question" or answerable is not False
        if needed and (value is None or (isinstance(value, str) and not value.strip())):
            faults.append(f"{name} is missing")
    split = row.get("split")
    if isinstance(split, str) and split.strip() and split.strip().lower() not in SPLITS:
        faults.append(f"split is {split.strip()[:40]!r}, not one of {', '.join(SPLITS)}")
    return ", ".join(faults)


def _storable(text: str) -> bool:
    if "\0" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _truth(value: Any, *, missing: bool) -> bool | None:
    """True, False, or None for what is neither."""
    if value is None or value == "":
        return missing
    if isinstance(value, bool):
        return value
    text = str(value).strip().lower()
    return True if text in _YES else False if text in _NO else None


def _lines(value: str | None) -> str:
    return (value or "").replace("\r\n", "\n").replace("\r", "\n").strip()


# Columns beside question and answer are taken where they are ours; another's column of that name is
# no fault and is passed over, as any column that is not known.


def _parsed(value: Any) -> Any:
    """What a table without lists holds as JSON text."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None


def _span(value: Any, length: int) -> tuple[int, int] | None:
    span = _parsed(value)
    if not isinstance(span, list) or len(span) != 2 or not all(type(one) is int for one in span):
        return None
    start, end = span
    return (start, end) if 0 <= start < end <= length else None


def _scores(value: Any) -> dict[str, float]:
    scores = _parsed(value)
    if not isinstance(scores, dict):
        return {}
    return {
        name: score
        for name, score in scores.items()
        if isinstance(score, int | float) and not isinstance(score, bool)
    }


def _flags(value: Any) -> tuple[str, ...]:
    flags = _parsed(value)
    if not isinstance(flags, list):
        return ()
    return tuple(flag for flag in flags if isinstance(flag, str) and _storable(flag))
