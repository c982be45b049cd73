"""Running heads, feet and page numbers: what pages repeat at their edges and nobody wrote twice.

A line goes only where its place, its repetition and its figures all say so: it is one of the outer
lines, most pages (or a run of them) have it but for figures, and those figures count the pages.
A line without such figures may be a letterhead, the only place of an address: its first one stays.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence

from retrieval.loaders.page_lines import Line

_FIGURES = re.compile(r"\d+")
_ROMAN_AT_END = re.compile(r"\b[ivxlc]+$")
_PAGE_NUMBER = re.compile(
    r"(?:\W*|\W*(?:page|seite|p\.|s\.|pagina|página|страница)\s*)(\d{1,5})"
    r"(?:\s*(?:/|of|von|de|sur|\|)\s*\d{1,5})?\W*",
    re.IGNORECASE,
)
_MOST_PAGES = 0.6
_HALF = 0.5
_RUN = 3
_SHOWN = 3
_SHOWN_CHARACTERS = 60


def without_running_heads(
    pages: Sequence[Sequence[Line]], body_size: float
) -> tuple[list[list[Line]], tuple[str, ...]]:
    """The pages without what they repeat at their edges, and a warning that quotes it.

    body_size: of the running text in points; larger lines with changing figures are headings.
    """
    inked = [[line for line in lines if line.text.strip()] for lines in pages]
    removed: Counter[str] = Counter()
    for place in (0, -1):
        for _ in range(2):  # a head may have two lines
            going = _going(inked, place, body_size)
            if not going:
                break
            for number in going:
                removed[_told(inked[number][place].text)] += 1
                del inked[number][place]
    if not removed:
        return inked, ()
    texts = [text for text, _ in removed.most_common(_SHOWN)]
    quoted = ", ".join(texts)
    more = " and others" if len(removed) > _SHOWN else ""
    return inked, (f"Repeated at the edges of pages and left out: {quoted}{more}.",)


def _told(text: str) -> str:
    pattern = _pattern(text)
    if _PAGE_NUMBER.fullmatch(text.strip()):
        return "page numbers"
    return f'"{pattern[:_SHOWN_CHARACTERS]}"'


def _going(pages: Sequence[Sequence[Line]], place: int, body_size: float) -> list[int]:
    """Numbers of the pages whose line at that place (0 first, -1 last) goes."""
    edges = {number: lines[place] for number, lines in enumerate(pages) if len(lines) > 2}
    by_text = defaultdict(list)
    for number, line in edges.items():
        by_text[_pattern(line.text)].append(number)
    going = set()
    enough = max(2, _MOST_PAGES * len(pages))
    for pattern, numbers in by_text.items():
        everywhere = len(numbers) >= enough
        if pattern and everywhere and _may_go(edges, numbers, body_size):
            same = len({edges[number].text.strip() for number in numbers}) == 1
            going.update(numbers[1:] if same else numbers)
    going.update(_chapter_heads(edges, by_text, len(pages), body_size))
    going.update(_page_numbers(edges))
    return sorted(going)


def _chapter_heads(
    edges: dict[int, Line], by_text: dict[str, list[int]], pages: int, body_size: float
) -> set[int]:
    """Heads that change with the chapter: runs of pages, at one height, that most pages have."""
    runs = {
        pattern: numbers
        for pattern, numbers in by_text.items()
        if len(numbers) >= _RUN
        and any(character.isdigit() for character in edges[numbers[0]].text)
        and _may_go(edges, numbers, body_size)
    }
    tops = Counter(round(edges[number].top) for numbers in runs.values() for number in numbers)
    if not tops:
        return set()
    ((top, _),) = tops.most_common(1)
    held = {
        number
        for numbers in runs.values()
        for number in numbers
        if abs(edges[number].top - top) <= 2
    }
    if len(held) < max(2 * _RUN, _HALF * pages):
        return set()
    # Once most pages are known to have such a head there, a chapter of one page has it as well.
    offset = _most_common_offset(edges, held)
    return held | {
        number
        for number, line in edges.items()
        if abs(line.top - top) <= 2 and offset in _offsets(line.text, number)
    }


def _page_numbers(edges: dict[int, Line]) -> set[int]:
    """Lines that are nothing but the number of the page, or of the page and of all."""
    found = {}
    for number, line in edges.items():
        if match := _PAGE_NUMBER.fullmatch(line.text.strip()):
            found[number] = int(match[1]) - number
    if not found:
        return set()
    ((offset, count),) = Counter(found.values()).most_common(1)
    if count < max(2, _HALF * len(edges)):
        return set()
    return {number for number, shift in found.items() if shift == offset}


def _may_go(edges: dict[int, Line], numbers: list[int], body_size: float) -> bool:
    """Not "Step 1", "Step 2" in large letters, nor figures that are not those of pages."""
    texts = {edges[number].text.strip() for number in numbers}
    if len(texts) == 1:
        return True
    if body_size and all(edges[number].size > 1.1 * body_size for number in numbers):
        return False
    offset = _most_common_offset(edges, set(numbers))
    if offset is None:
        return not any(map(str.isdigit, "".join(texts)))  # roman numbers
    counting = sum(offset in _offsets(edges[number].text, number) for number in numbers)
    return counting >= 0.8 * len(numbers)


def _most_common_offset(edges: dict[int, Line], numbers: set[int]) -> int | None:
    """What is to be added to most pages' places to have a figure of their line."""
    offsets = Counter(
        offset for number in numbers for offset in set(_offsets(edges[number].text, number))
    )
    return offsets.most_common(1)[0][0] if offsets else None


def _offsets(text: str, number: int) -> list[int]:
    return [int(figures) - number for figures in _FIGURES.findall(text) if len(figures) < 6]


def _pattern(text: str) -> str:
    """The line with its figures as #."""
    return _ROMAN_AT_END.sub("#", _FIGURES.sub("#", text.strip()))
