"""Which section of the documents an example is from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from assistant.records import Example
from retrieval.documents import Passage


@dataclass(frozen=True, slots=True)
class Section:
    """A section of one document: passages in the order of the text. id: hash of its words."""

    id: str
    document: str
    heading: str
    page: int | None
    passages: tuple[Passage, ...]

    @property
    def text(self) -> str:
        return " ".join(passage.text for passage in self.passages)


def sections_of(passages: Iterable[Passage]) -> list[Section]:
    """The sections of each document, in the order of the passages. One that stands in two documents
    word for word is a section of both, of one id."""
    found: defaultdict[tuple[str, str], list[Passage]] = defaultdict(list)
    for passage in passages:
        found[passage.document, passage.section].append(passage)
    return [
        Section(
            section,
            document,
            " > ".join(own[0].heading_path) or own[0].title,
            own[0].page,
            tuple(own),
        )
        for (document, section), own in found.items()
    ]


def located(examples: Iterable[Example], sections: Sequence[Section]) -> dict[str, str]:
    """The section of each example, by example id; those that stand in none are left out.

    An example names its section, or its passage stands in one, white space aside. A section that is
    no longer in the documents is none.
    """
    known = {section.id for section in sections}
    texts: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for section in sections:
        texts[section.document].append((section.id, _plain(section.text)))
    by_passage: dict[tuple[str, str], str | None] = {}
    found: dict[str, str] = {}
    for example in examples:
        if example.section in known:
            found[example.id] = example.section
        elif example.passage:
            key = (example.document, example.passage)
            if key not in by_passage:
                by_passage[key] = _holding(*key, texts)
            held = by_passage[key]
            if held is not None:
                found[example.id] = held
    return found


def _holding(document: str, passage: str, texts: dict[str, list[tuple[str, str]]]) -> str | None:
    """The first section that holds the passage: of that document, or of any if it is not there."""
    wanted = _plain(passage)
    named = texts.get(document)
    for own in [named] if named is not None else texts.values():
        for section, text in own:
            if wanted in text:
                return section
    return None


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()
