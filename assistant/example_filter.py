"""Which examples a person wants to see, and which of them are stale."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from assistant.errors import documents_mapped
from assistant.records import Assistant, Example
from assistant.training.request import section_hash_of
from assistant.workspace import Workspace

Standing = Literal["", "flagged", "ambiguous", "personal data", "unanswerable", "stale", "rejected"]
STANDINGS: tuple[Standing, ...] = get_args(Standing)


@dataclass(frozen=True, slots=True)
class Here:
    """What the documents have now. sections: hashes. documents: names."""

    sections: frozenset[str] = frozenset()
    documents: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Filter:
    """Examples that fit all of these; "" takes any.

    words: every one is in the question, the answer or the document's name, whatever the case.
    standing: "" takes all in use; "flagged" those with a flag, "unanswerable" those that the
    documents do not answer, "stale" those that are from what the documents have no more, "rejected"
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
    examples: Sequence[Example], wanted: Filter, here: Here | None = None
) -> list[Example]:
    """The examples that fit, in their order."""
    now = here or Here()
    words = wanted.words.casefold().split()
    fields = [
        (name, value)
        for name in ("split", "source", "method", "document", "section")
        if (value := getattr(wanted, name))
    ]
    found: Iterator[Example] = (one for one in examples if _stands(one, wanted.standing, now))
    for name, value in fields:
        found = _equal(found, name, value)
    if words:
        found = (one for one in found if _holds(one, words))
    return list(found)


def here_of(workspace: Workspace, assistant: Assistant) -> Here:
    """What an assistant's documents have now. Raises DocumentsError."""
    corpus = workspace.corpus(assistant)
    with documents_mapped():
        names = frozenset(document.name for document in corpus.documents())
        return Here(corpus.sections(), names)


def is_stale(example: Example, here: Here) -> bool:
    """Whether an example in use is from a section, or else a document, that is there no more.

    The same as `assistant.registry.sources` says of the rows of a run.
    """
    if example.rejected:
        return False
    if section := section_hash_of(example):
        return section not in here.sections
    return bool(example.document) and example.document not in here.documents


def _stands(example: Example, standing: str, here: Here) -> bool:
    if standing == "rejected":
        return example.rejected
    if example.rejected:
        return False
    if not standing:
        return True
    if standing == "stale":
        return is_stale(example, here)
    if standing == "unanswerable":
        return not example.answerable
    return bool(example.flags) if standing == "flagged" else standing in example.flags


def _equal(examples: Iterator[Example], name: str, value: str) -> Iterator[Example]:
    return (one for one in examples if getattr(one, name) == value)


def _holds(example: Example, words: Sequence[str]) -> bool:
    text = f"{example.question} {example.answer} {example.document}".casefold()
    return all(word in text for word in words)
