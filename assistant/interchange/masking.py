"""Personal data in examples: where it stands, and examples with it masked."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from assistant.interchange.personal_data import (
    KINDS,
    LABELS,
    PersonalData,
    PersonalKind,
    personal_data,
)
from assistant.records import Example, example_id
from assistant.store import Store

FLAG = "personal data"

Field = Literal["question", "answer", "passage"]
FIELDS: tuple[Field, ...] = ("question", "answer", "passage")


@dataclass(frozen=True, slots=True)
class PersonalFinding:
    """Personal data in an example. line: in the file it came from, None for one that is in.
    start, end: characters in the field."""

    example_id: str
    line: int | None
    field: Field
    kind: PersonalKind
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Masked:
    """Examples in their order with personal data replaced by labels, and how many by kind."""

    examples: tuple[Example, ...]
    counts: Mapping[PersonalKind, int]


def findings(example: Example, line: int | None = None) -> list[PersonalFinding]:
    """The personal data of question, answer and passage."""
    return [
        PersonalFinding(example.id, line, field, one.kind, one.start, one.end, one.text)
        for field, found in _found(example, KINDS).items()
        for one in found
    ]


def masked(examples: Sequence[Example], kinds: Collection[PersonalKind] = KINDS) -> Masked:
    """The examples with personal data of these kinds masked in question, answer and passage alike.

    What is found in one field is masked in the others wherever it stands there, also where nothing
    there says what it is. Two examples that become one by it stay one.
    """
    counts: Counter[PersonalKind] = Counter()
    made: dict[str, Example] = {}
    for example in examples:
        hidden = _masked(example, kinds, counts)
        made.setdefault(hidden.id, hidden)
    return Masked(tuple(made.values()), dict(counts))


def mask_stored(
    store: Store,
    assistant_id: str,
    ids: Collection[str] | None = None,
    kinds: Collection[PersonalKind] = KINDS,
) -> Mapping[PersonalKind, int]:
    """Mask personal data in an assistant's own examples; how many pieces were replaced, by kind.

    ids: of the examples, all that are there where not given. All are changed or none. Raises
    ExamplesError where a masked question would then train on a test question.
    """
    counts: Counter[PersonalKind] = Counter()
    changed = {}
    for example in store.examples(assistant_id, rejected=None):
        if ids is None or example.id in ids:
            hidden = _masked(example, kinds, counts)
            if hidden is not example:
                changed[example.id] = hidden
    if changed:
        store.replace_examples(assistant_id, changed)
    return dict(counts)


def _found(example: Example, kinds: Collection[PersonalKind]) -> dict[Field, list[PersonalData]]:
    texts: dict[Field, str] = {field: getattr(example, field) for field in FIELDS}
    found = {
        field: [one for one in personal_data(text) if one.kind in kinds]
        for field, text in texts.items()
    }
    known = {one.text: one.kind for own in found.values() for one in own}
    if not known:
        return found
    longest_first = sorted(known, key=len, reverse=True)
    again = re.compile("|".join(rf"(?<!\w){re.escape(text)}(?!\w)" for text in longest_first))
    for field, text in texts.items():
        own = found[field]
        for match in again.finditer(text):
            start, end = match.span()
            if all(end <= one.start or one.end <= start for one in own):
                own.append(PersonalData(known[match.group()], start, end, match.group()))
        own.sort(key=lambda one: one.start)
    return found


def _masked(
    example: Example, kinds: Collection[PersonalKind], counts: Counter[PersonalKind]
) -> Example:
    found = _found(example, kinds)
    if not any(found.values()):
        return example
    counts.update(one.kind for own in found.values() for one in own)
    question, answer, passage = (_replaced(getattr(example, f), found[f]) for f in FIELDS)
    span = example.span
    return replace(
        example,
        id=example_id(question, answer),
        question=question,
        answer=answer,
        passage=passage,
        span=(_moved(span[0], found["passage"], 0), _moved(span[1], found["passage"], 1))
        if span
        else None,
        flags=tuple(flag for flag in example.flags if flag != FLAG),
    )


def _replaced(text: str, found: Sequence[PersonalData]) -> str:
    for one in reversed(found):
        text = text[: one.start] + LABELS[one.kind] + text[one.end :]
    return text


def _moved(place: int, found: Sequence[PersonalData], side: int) -> int:
    """Where a character is after masking; within a mask, the mask's start (0) or end (1)."""
    shift = 0
    for one in found:
        if one.end <= place:
            shift += len(LABELS[one.kind]) - (one.end - one.start)
        elif one.start < place:
            return one.start + shift + (len(LABELS[one.kind]) if side else 0)
    return place + shift
