"""A parsed document into passages that the embedder takes in whole.

Cut at headings first; a section that fits is one passage. A longer one is cut at paragraph, line
or sentence ends into passages of like length, and inside a sentence only where a sentence alone is
too long.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from retrieval.embedder import Embedder
from retrieval.loaders.parsed import Block, Parsed
from retrieval.units import PASSAGE_CHARACTERS, Unit, soft_cut, trimmed, units_of

SECTION_TOKENS = 1024
_HEADING_SHARE = 4
_FILL = 0.92


@dataclass(frozen=True, slots=True)
class PassageDraft:
    """A passage before it is stored: text[start:end] of the document, see `documents.Passage`.

    content: SHA-256 of the indexed text. title: in front of a text without a heading path, else "".
    """

    text: str
    heading_path: tuple[str, ...]
    page: int | None
    start: int
    end: int
    section: str
    content: str
    title: str = ""

    @property
    def indexed_text(self) -> str:
        """As `documents.Passage.indexed_text`."""
        return indexed_text(self.heading_path, self.text, self.title)

    @property
    def told(self) -> str:
        """What near-duplicates are told by: the same words in a file of another name are one."""
        return indexed_text(self.heading_path, self.text)


@dataclass(frozen=True, slots=True)
class _Span:
    """Where a passage is, before it is sure to fit.

    doubtful: whether it may hold more tokens than the sum of its units, for tokens that span two.
    """

    start: int
    end: int
    heading_path: tuple[str, ...]
    page: int | None
    section: str
    doubtful: bool
    title: str

    def indexed(self, text: str) -> str:
        return indexed_text(self.heading_path, text[self.start : self.end], self.title)

    def halved(self, text: str) -> list[_Span]:
        middle = soft_cut(text, self.start, (self.start + self.end) // 2)
        halves = [trimmed(text, self.start, middle), trimmed(text, middle, self.end)]
        return [replace(self, start=start, end=end) for start, end in halves if start < end]


def indexed_text(heading_path: Sequence[str], text: str, title: str = "") -> str:
    """What is embedded and searched: the heading path, or without one the title, then the text."""
    above = " > ".join(heading_path) or title
    return f"{above}\n{text}" if above else text


def title_of(name: str) -> str:
    """The title that a document's name gives: no folder, no ending, hyphens as spaces."""
    return " ".join(re.sub(r"[-_]", " ", PurePosixPath(name).stem).split())


def split(parsed: Parsed, embedder: Embedder, name: str = "") -> list[PassageDraft]:
    """All passages of a document, in order; each at most `embedder.max_tokens` tokens long.

    name: of the document; it gives the title of passages that no heading stands over.
    A section that is far longer than a passage (text without headings) is cut at block ends into
    sections of about 1,024 tokens, so that a whole book is not on one side of a split.
    """
    spans: list[_Span] = []
    for blocks in _sections(parsed.blocks):
        path, room = _path_and_room(blocks[0].heading_path, embedder)
        title = ""
        if not path and name:
            titles, room = _path_and_room((title_of(name),), embedder)
            title = "".join(titles)
        units = list(units_of(parsed.text, blocks, room, embedder))
        for stretch in _stretches(units):
            section = section_hash(parsed.text[stretch[0].start : stretch[-1].end])
            for packed in _packed(stretch, room):
                tokens = sum(unit.tokens for unit in packed) + len(packed)
                doubtful = tokens > room
                first, last = packed[0], packed[-1]
                spans.append(
                    _Span(first.start, last.end, path, first.page, section, doubtful, title)
                )
    return _drafts(parsed.text, spans, embedder)


def section_hash(text: str) -> str:
    """SHA-256 of a section's words: case, punctuation and white space do not count."""
    words = " ".join(re.findall(r"\w+", text.casefold()))
    return hashlib.sha256((words or text).encode("utf-8", "replace")).hexdigest()


def _sections(blocks: Iterable[Block]) -> Iterator[list[Block]]:
    """The blocks under each heading; a heading over nothing stands as its own section."""
    section: list[Block] = []
    bare: Block | None = None
    for block in blocks:
        if block.kind == "heading":
            if section:
                yield section
                section = []
            elif bare and block.heading_path[: len(bare.heading_path)] != bare.heading_path:
                yield [bare]
            bare = block
        else:
            if section and section[-1].heading_path != block.heading_path:
                yield section
                section = []
            section.append(block)
            bare = None
    if section:
        yield section
    elif bare:
        yield [bare]


def _path_and_room(path: tuple[str, ...], embedder: Embedder) -> tuple[tuple[str, ...], int]:
    """The heading path as it is indexed, and how many tokens it leaves for the text.

    Outermost headings go first where the path would take over a quarter of the room.
    """
    while True:
        used = embedder.count_tokens([indexed_text(path, "a")])[0] - 1
        if not path or used <= embedder.max_tokens // _HEADING_SHARE:
            return path, embedder.max_tokens - used
        if len(path) > 1:
            path = path[1:]
        else:
            shorter = path[0][: len(path[0]) // 2].rstrip()
            path = (shorter,) if shorter else ()


def _stretches(units: Sequence[Unit]) -> Iterator[list[Unit]]:
    """The units of a section; an over-long one in parts that end where blocks end."""
    stretch: list[Unit] = []
    tokens = 0
    for unit in units:
        stretch.append(unit)
        tokens += unit.tokens
        if tokens >= (SECTION_TOKENS if unit.ends_block else 1.5 * SECTION_TOKENS):
            yield stretch
            stretch, tokens = [], 0
    if stretch:
        yield stretch


def _packed(units: Sequence[Unit], room: int) -> Iterator[list[Unit]]:
    """Units into passages of like length."""
    left = sum(unit.tokens for unit in units)
    wanted = _share(left, room)
    passage: list[Unit] = []
    tokens = 0
    for unit in units:
        if passage and (
            tokens + unit.tokens > room
            or unit.end - passage[0].start > PASSAGE_CHARACTERS
            or _is_full(tokens, unit.tokens, wanted, passage[-1].ends_block)
        ):
            yield passage
            left -= tokens
            wanted = _share(left, room)
            passage, tokens = [], 0
        passage.append(unit)
        tokens += unit.tokens
    if passage:
        yield passage


def _share(tokens: int, room: int) -> float:
    """What is left, in equal passages, not filled to the brim: units do not come in every size."""
    if tokens <= room:
        return float(tokens)
    return tokens / math.ceil(tokens / (_FILL * room))


def _is_full(tokens: int, following: int, wanted: float, at_block_end: bool) -> bool:
    """Whether to stop before the next unit; a block's end is a place to stop early."""
    if at_block_end and tokens >= 0.8 * wanted:
        return tokens + following > 1.1 * wanted
    return tokens + following / 2 > wanted


def _drafts(text: str, spans: Sequence[_Span], embedder: Embedder) -> list[PassageDraft]:
    """Passages of the spans; what turns out too long when counted as the model sees it is halved.

    Counting costs as much as all the rest of splitting, so only those near the limit are counted.
    """
    drafts: list[PassageDraft] = []
    waiting = list(reversed(spans))
    while waiting:
        span = waiting.pop()
        indexed = span.indexed(text)
        if span.doubtful and span.end - span.start > 1:
            tokens = embedder.count_tokens([indexed])[0]
            if tokens > embedder.max_tokens:
                waiting += reversed(span.halved(text))
                continue
        drafts.append(
            PassageDraft(
                text[span.start : span.end],
                span.heading_path,
                span.page,
                span.start,
                span.end,
                span.section,
                hashlib.sha256(indexed.encode("utf-8", "replace")).hexdigest(),
                span.title,
            )
        )
    return drafts
