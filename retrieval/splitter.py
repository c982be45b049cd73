"""A parsed document into passages that the embedder takes in whole.

Cut at headings first; a section that fits is one passage. A longer one is cut at paragraph, line
or sentence ends into passages of like length, and inside a sentence only where a sentence alone is
too long.
"""

from __future__ import annotations

import hashlib
import math
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from retrieval.embedder import Embedder
from retrieval.loaders.parsed import Block, Parsed

PASSAGE_CHARACTERS = 2000
SECTION_TOKENS = 1024
_HEADING_SHARE = 4
_FILL = 0.92
_TOKENIZED_CHARACTERS = 50_000

_SENTENCE_END = re.compile(
    r"(?<=[.!?\u2026])[\"'\u201d\u2019)\]]*\s+(?=\S)|(?<=[\u3002\uff01\uff1f])(?=\S)"
)
_NO_SENTENCE_END = re.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|St|No|Nr|vs|etc|e\.g|i\.e|cf|ca|approx|Fig|Sec|Art|Vol|pp?|Jr|Sr"
    r"|Inc|Ltd|Co)|\b[A-Z])\.$"
)


@dataclass(frozen=True, slots=True)
class PassageDraft:
    """A passage before it is stored: text[start:end] of the document, see `documents.Passage`.

    content: SHA-256 of the indexed text.
    """

    text: str
    heading_path: tuple[str, ...]
    page: int | None
    start: int
    end: int
    section: str
    content: str

    @property
    def indexed_text(self) -> str:
        """As `documents.Passage.indexed_text`."""
        return indexed_text(self.heading_path, self.text)


@dataclass(frozen=True, slots=True)
class _Unit:
    """What is not cut if it can be helped: a sentence or a line. ends_block: a better place."""

    start: int
    end: int
    tokens: int
    page: int | None
    ends_block: bool


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

    def indexed(self, text: str) -> str:
        return indexed_text(self.heading_path, text[self.start : self.end])

    def halved(self, text: str) -> list[_Span]:
        middle = _soft_cut(text, self.start, (self.start + self.end) // 2)
        halves = [_trimmed(text, self.start, middle), _trimmed(text, middle, self.end)]
        return [replace(self, start=start, end=end) for start, end in halves if start < end]


def indexed_text(heading_path: Sequence[str], text: str) -> str:
    """What is embedded and searched: the heading path in front of the text."""
    return "\n".join((" > ".join(heading_path), text)) if heading_path else text


def split(parsed: Parsed, embedder: Embedder) -> list[PassageDraft]:
    """All passages of a document, in order; each at most `embedder.max_tokens` tokens long.

    A section that is far longer than a passage (text without headings) is cut at block ends into
    sections of about 1,024 tokens, so that a whole book is not on one side of a split.
    """
    spans: list[_Span] = []
    for blocks in _sections(parsed.blocks):
        path, room = _path_and_room(blocks[0].heading_path, embedder)
        units = list(_units(parsed.text, blocks, room, embedder))
        for stretch in _stretches(units):
            section = section_hash(parsed.text[stretch[0].start : stretch[-1].end])
            for packed in _packed(stretch, room):
                tokens = sum(unit.tokens for unit in packed) + len(packed)
                doubtful = tokens > room
                first, last = packed[0], packed[-1]
                spans.append(_Span(first.start, last.end, path, first.page, section, doubtful))
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


def _units(text: str, blocks: Sequence[Block], room: int, embedder: Embedder) -> Iterator[_Unit]:
    for block in blocks:
        pieces = list(_pieces(text, block))
        for number, (start, end) in enumerate(pieces, 1):
            last = number == len(pieces)
            starts = [start + left for left, _ in embedder.token_spans(text[start:end])]
            for left, right in _sentences(text, start, end, block.kind):
                tokens = bisect_left(starts, right) - bisect_left(starts, left)
                ends_block = last and right == pieces[-1][1]
                if tokens <= room and right - left <= PASSAGE_CHARACTERS:
                    yield _Unit(left, right, tokens, block.page, ends_block)
                else:
                    yield from _cut_inside(text, left, right, starts, room, block.page, embedder)


def _pieces(text: str, block: Block) -> Iterator[tuple[int, int]]:
    """The block, or what of it is tokenized at once where it is endless."""
    start = block.start
    while block.end - start > _TOKENIZED_CHARACTERS:
        end = start + _TOKENIZED_CHARACTERS
        for mark in ("\n", " "):
            found = text.rfind(mark, start + 1, end)
            if found > 0:
                end = found + 1
                break
        yield start, end
        start = end
    yield start, block.end


def _sentences(text: str, start: int, end: int, kind: str) -> Iterator[tuple[int, int]]:
    """Spans of sentences or lines, without the white space between them."""
    left = start
    for right in (*_cuts(text, start, end, kind), end):
        trimmed = _trimmed(text, left, right)
        if trimmed[0] < trimmed[1]:
            yield trimmed
        left = right


def _cuts(text: str, start: int, end: int, kind: str) -> Iterator[int]:
    if kind == "lines":
        place = text.find("\n", start, end)
        while place >= 0:
            yield place + 1
            place = text.find("\n", place + 1, end)
        return
    for match in _SENTENCE_END.finditer(text, start, end):
        if not _NO_SENTENCE_END.search(text, max(start, match.start() - 8), match.start()):
            yield match.end()


def _cut_inside(
    text: str,
    start: int,
    end: int,
    token_starts: Sequence[int],
    room: int,
    page: int | None,
    embedder: Embedder,
) -> Iterator[_Unit]:
    """A sentence or line that is too long by itself: cut at commas or spaces, else anywhere."""
    while start < end:
        first = bisect_left(token_starts, start)
        beyond = first + room
        cut = token_starts[beyond] if beyond < len(token_starts) else end
        cut = min(cut, end, start + PASSAGE_CHARACTERS)
        if cut < end:
            cut = _soft_cut(text, start, cut)
        while True:
            left, right = _trimmed(text, start, cut)
            tokens = len(embedder.token_spans(text[left:right]))
            if tokens <= room:
                break
            # A word cut in two can have more tokens than it had as one.
            cut = start + max(1, (cut - start) * room // (tokens + 1))
        if left < right:
            yield _Unit(left, right, tokens, page, cut >= end)
        start = cut


def _soft_cut(text: str, start: int, cut: int) -> int:
    """The last comma, else the last space in the second half of text[start:cut], else `cut`."""
    half = start + (cut - start) // 2
    for marks in (", ", "; ", "\n", " "):
        found = text.rfind(marks, half, cut)
        if found > 0:
            return found + len(marks)
    return cut


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def _stretches(units: Sequence[_Unit]) -> Iterator[list[_Unit]]:
    """The units of a section; an over-long one in parts that end where blocks end."""
    stretch: list[_Unit] = []
    tokens = 0
    for unit in units:
        stretch.append(unit)
        tokens += unit.tokens
        if tokens >= (SECTION_TOKENS if unit.ends_block else 1.5 * SECTION_TOKENS):
            yield stretch
            stretch, tokens = [], 0
    if stretch:
        yield stretch


def _packed(units: Sequence[_Unit], room: int) -> Iterator[list[_Unit]]:
    """Units into passages of like length."""
    left = sum(unit.tokens for unit in units)
    wanted = _share(left, room)
    passage: list[_Unit] = []
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
            )
        )
    return drafts
