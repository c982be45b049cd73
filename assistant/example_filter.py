"""Which examples a person wants to see, and which of them are stale."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from assistant.records import Example

Standing = Literal["", "flagged", "ambiguous", "personal data", "unanswerable", "stale", "rejected"]
STANDINGS: tuple[Standing, ...] = get_args(Standing)


@dataclass(frozen=True, slots=True)
class Filter:
    """Examples that fit all of these; "" takes any.

    words: every one is in the question, the answer or the document's name, whatever the case.
    standing: "" takes all in use; "flagged" those with a flag, "unanswerable" those that the
    documents do not answer, "stale" those whose section is in the documents no more, "rejected"
    those alone that a person rejected. section: its hash.
    """

    words: str = ""
    split: str = ""
    source: str = ""
    method: str = ""
    document: str = ""
    standing: str = ""
    section: str = ""


def filtered(
    examples: Sequence[Example], wanted: Filter, sections: Collection[str] = ()
) -> list[Example]:
    """The examples that fit, in their order. sections: hashes of all that the documents have."""
    words = wanted.words.casefold().split()
    fields = [
        (name, value)
        for name in ("split", "source", "method", "document", "section")
        if (value := getattr(wanted, name))
    ]
    found: Iterator[Example] = (one for one in examples if _stands(one, wanted.standing, sections))
    for name, value in fields:
        found = _equal(found, name, value)
    if words:
        found = (one for one in found if _holds(one, words))
    return list(found)


def is_stale(example: Example, sections: Collection[str]) -> bool:
    """Whether an example in use is from a section that is not among these any more."""
    return bool(example.section) and not example.rejected and example.section not in sections


def _stands(example: Example, standing: str, sections: Collection[str]) -> bool:
    if standing == "rejected":
        return example.rejected
    if example.rejected:
        return False
    if not standing:
        return True
    if standing == "stale":
        return is_stale(example, sections)
    if standing == "unanswerable":
        return not example.answerable
    return bool(example.flags) if standing == "flagged" else standing in example.flags


def _equal(examples: Iterator[Example], name: str, value: str) -> Iterator[Example]:
    return (one for one in examples if getattr(one, name) == value)


def _holds(example: Example, words: Sequence[str]) -> bool:
    text = f"{example.question} {example.answer} {example.document}".casefold()
    return all(word in text for word in words)
