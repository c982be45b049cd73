"""What every loader gives: one text, and the stretches of it that belong together.

A loader renders its format into plain text (tables row by row with their header repeated, no
markup), so that each stretch can be read, embedded and quoted by itself.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

Kind = Literal["prose", "lines", "heading"]

HEADING_CHARACTERS = 120
HEADING_DEPTH = 6

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\ufeff\ufffe\uffff\ud800-\udfff]")
_SPACES = re.compile(r"[^\S\n]+")


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, a table, a list, a heading: text[start:end] under one heading path.

    kind: `prose` may be cut at sentences, `lines` at line ends, a `heading` is not cut. A heading's
    own path ends in itself. page counts from 1, None where the format has no pages.
    """

    start: int
    end: int
    kind: Kind
    heading_path: tuple[str, ...]
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Parsed:
    """A whole document as text. pages: None where the format has none."""

    text: str
    blocks: tuple[Block, ...]
    pages: int | None = None
    warnings: tuple[str, ...] = ()


class TextBuilder:
    """Puts a document's text together, block by block, keeping track of the heading path."""

    def __init__(self) -> None:
        self.page: int | None = None
        self._parts: list[str] = []
        self._length = 0
        self._blocks: list[Block] = []
        self._headings: list[tuple[int, str]] = []

    def heading(self, text: str, level: int) -> None:
        """Begin a section. Deeper levels nest; an equal or higher one closes those before it."""
        text = clean_line(text)
        if not text:
            return
        self._headings = [heading for heading in self._headings if heading[0] < level]
        self._headings.append((level, shortened(text)))
        self._headings = self._headings[-HEADING_DEPTH:]
        self._append(text, "heading")

    def prose(self, text: str) -> None:
        """Add a paragraph."""
        self._append(clean(text), "prose")

    def lines(self, text: str) -> None:
        """Add a list, a table or code: something whose lines stay lines."""
        self._append(clean(text), "lines")

    def parsed(self, pages: int | None = None, warnings: tuple[str, ...] = ()) -> Parsed:
        """The document so far."""
        return Parsed("".join(self._parts), tuple(self._blocks), pages, warnings)

    def _append(self, text: str, kind: Kind) -> None:
        text = text.strip("\n").rstrip()
        if not text.strip():
            return
        if self._parts:
            self._parts.append("\n\n")
            self._length += 2
        path = tuple(heading for _, heading in self._headings)
        end = self._length + len(text)
        self._blocks.append(Block(self._length, end, kind, path, self.page))
        self._parts.append(text)
        self._length = end


def clean(text: str) -> str:
    """NFC, newlines as \\n, no control characters and no half surrogate pairs."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROL.sub("", unicodedata.normalize("NFC", text))


def clean_line(text: str) -> str:
    """As `clean`, with every run of white space as one space."""
    return " ".join(clean(text).split())


def squeezed(text: str) -> str:
    """Runs of spaces and tabs as one space; newlines stay."""
    return _SPACES.sub(" ", text)


def shortened(heading: str) -> str:
    """A heading as it stands in a path: at most 120 characters."""
    if len(heading) <= HEADING_CHARACTERS:
        return heading
    return heading[: HEADING_CHARACTERS - 3].rstrip() + "..."


def table_row(header: list[str], cells: list[str]) -> str:
    """A row that can be read by itself: `Model: A1; Price: 30 EUR`.

    Cells without text are left out; a cell without a header stands alone.
    """
    parts = []
    for place, cell in enumerate(cells):
        cell = clean_line(cell)
        name = clean_line(header[place]) if place < len(header) else ""
        if cell:
            parts.append(f"{name}: {cell}" if name else cell)
    return "; ".join(parts)


def table_lines(header: list[str], rows: list[list[str]]) -> str:
    """The rows of a table as lines; its first row names the columns where no header does."""
    if not any(cell.strip() for cell in header) and rows and names_columns(rows):
        header, rows = rows[0], rows[1:]
    if not any(cell.strip() for row in rows for cell in row):
        header, rows = [], [header]
    return "\n".join(filter(None, (table_row(header, row) for row in rows)))


def names_columns(rows: list[list[str]]) -> bool:
    """Whether the first row of a table without a marked header looks like one.

    It is full and has no figures, and the table is wider than a list of names and values, or has
    figures below.
    """
    first, rest = rows[0], rows[1:]
    if not rest or not all(cell.strip() for cell in first) or len(set(first)) < len(first):
        return False
    if any(character.isdigit() for cell in first for character in cell):
        return False
    figures = sum(any(map(str.isdigit, "".join(row[1:]))) for row in rest)
    return len(first) > 2 or (len(first) == 2 and 2 * figures > len(rest))
