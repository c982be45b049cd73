"""Blocks into units: the sentences and lines that a passage is put together from."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from retrieval.embedder import Embedder
from retrieval.loaders.parsed import Block

PASSAGE_CHARACTERS = 2000
_TOKENIZED_CHARACTERS = 50_000

_SENTENCE_END = re.compile(
    r"(?<=[.!?\u2026])[\"'\u201d\u2019)\]]*\s+(?=\S)|(?<=[\u3002\uff01\uff1f])(?=\S)"
)
_NO_SENTENCE_END = re.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|St|No|Nr|vs|etc|e\.g|i\.e|cf|ca|approx|Fig|Sec|Art|Vol|pp?|Jr|Sr"
    r"|Inc|Ltd|Co)|\b[A-Z])\.$"
)


@dataclass(frozen=True, slots=True)
class Unit:
    """What is not cut if it can be helped: a sentence or a line. ends_block: a better place."""

    start: int
    end: int
    tokens: int
    page: int | None
    ends_block: bool


def units_of(text: str, blocks: Sequence[Block], room: int, embedder: Embedder) -> Iterator[Unit]:
    """The units of a section, each of at most `room` tokens and 2,000 characters."""
    for block in blocks:
        pieces = list(_pieces(text, block))
        for number, (start, end) in enumerate(pieces, 1):
            last = number == len(pieces)
            starts = [start + left for left, _ in embedder.token_spans(text[start:end])]
            for left, right in sentences(text, start, end, block.kind):
                tokens = bisect_left(starts, right) - bisect_left(starts, left)
                ends_block = last and right == pieces[-1][1]
                if tokens <= room and right - left <= PASSAGE_CHARACTERS:
                    yield Unit(left, right, tokens, block.page, ends_block)
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


def sentences(text: str, start: int, end: int, kind: str) -> Iterator[tuple[int, int]]:
    """Spans of sentences or lines, without the white space between them."""
    left = start
    for right in (*_cuts(text, start, end, kind), end):
        inked = trimmed(text, left, right)
        if inked[0] < inked[1]:
            yield inked
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
) -> Iterator[Unit]:
    """A sentence or line that is too long by itself: cut at commas or spaces, else anywhere."""
    while start < end:
        first = bisect_left(token_starts, start)
        beyond = first + room
        cut = token_starts[beyond] if beyond < len(token_starts) else end
        cut = min(cut, end, start + PASSAGE_CHARACTERS)
        if cut < end:
            cut = soft_cut(text, start, cut)
        while True:
            left, right = trimmed(text, start, cut)
            tokens = len(embedder.token_spans(text[left:right]))
            if tokens <= room:
                break
            # A word cut in two can have more tokens than it had as one.
            cut = start + max(1, (cut - start) * room // (tokens + 1))
        if left < right:
            yield Unit(left, right, tokens, page, cut >= end)
        start = cut


def soft_cut(text: str, start: int, cut: int) -> int:
    """The last comma, else the last space in the second half of text[start:cut], else `cut`."""
    half = start + (cut - start) // 2
    for marks in (", ", "; ", "\n", " "):
        found = text.rfind(marks, half, cut)
        if found > 0:
            return found + len(marks)
    return cut


def trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """The span without the white space at its ends."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end
