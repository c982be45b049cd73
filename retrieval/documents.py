"""The values of this package: a document, its passages, and what a search finds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

CheckOutcome = Literal["passed", "failed", "no_sentence"]


@dataclass(frozen=True, slots=True)
class SelfCheck:
    """Whether a sentence of a document, searched for, finds its own passage among the first three.

    outcome: `no_sentence` where the document has none that could be told from others. found: the
    sources of what came instead, best first, where it failed.
    """

    outcome: CheckOutcome
    sentence: str
    found: tuple[str, ...]
    checked_at: datetime


@dataclass(frozen=True, slots=True)
class Document:
    """The current version of a document.

    id: stable over versions. name: unique in its corpus (a relative path where a folder was added).
    sha256: of the file's bytes, 64 hexadecimal digits. size: bytes. pages: None where the format
    has none. language: ISO 639-1, None where it is short or unsure. duplicates: how many of its
    passages are not searched, for another one says the same. self_check: None where it has not been
    checked since this version came.
    """

    id: str
    name: str
    sha256: str
    version: int
    size: int
    pages: int | None
    passages: int
    words: int
    warnings: tuple[str, ...]
    added_at: datetime
    language: str | None = None
    duplicates: int = 0
    self_check: SelfCheck | None = None


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of one version of a document.

    text is exactly document_text[start:end]. page counts from 1. section: SHA-256 of the
    normalised text of the section (the stretch under one heading) that the passage is cut from.
    title: of the document, from its name, where there is no heading path; "" in passages that were
    cut before titles were.
    """

    id: int
    document_id: str
    document: str
    ordinal: int
    text: str
    heading_path: tuple[str, ...]
    page: int | None
    start: int
    end: int
    section: str
    title: str = ""

    @property
    def source(self) -> str:
        """Document name and heading path, for people and for prompts."""
        return " > ".join((self.document, *self.heading_path))

    @property
    def indexed_text(self) -> str:
        """What is embedded and searched: the heading path, else the title, in front of the text."""
        above = " > ".join(self.heading_path) or self.title
        return f"{above}\n{self.text}" if above else self.text


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that a search found.

    score: mean of the min-max-normalised cosine and BM25 scores within the candidates, in [0, 1];
    for ranking only, never for deciding whether anything relevant was found. cosine: raw, in
    [-1, 1]. bm25: raw, 0 or more. overlap: share, in [0, 1], of the question's inverse document
    frequency mass whose words the passage holds. also_in: the other places (document, and page
    where known) that say the same.
    """

    passage: Passage
    rank: int
    score: float
    cosine: float
    bm25: float
    overlap: float
    also_in: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class IndexingProgress:
    """How far an addition is: `document` is the file at hand, passages those embedded so far."""

    document: str
    documents_done: int
    documents_total: int
    passages_done: int
    passages_total: int


Outcome = Literal["added", "replaced", "unchanged", "failed"]


@dataclass(frozen=True, slots=True)
class AddResult:
    """What became of one file; reason is a sentence for `failed` and for anything noteworthy.

    needs_password: whether it failed for want of the right password.
    """

    name: str
    outcome: Outcome
    document: Document | None = None
    reason: str = ""
    needs_password: bool = False
