"""Tables of a PDF: runs of lines whose words stand in columns.

PDF has no tables, only words at places. A run of lines is taken for a table where every line is
parted by wide gaps and all its parts fall into the same columns; it becomes rows that name their
columns only where its first line looks like a header, and stays as lines otherwise. Two columns
are left alone: "Width 28.5 cm" says of itself what it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from retrieval.loaders.page_lines import Cell, Line
from retrieval.loaders.parsed import names_columns, table_lines

_LEAST_ROWS = 3
_LEAST_COLUMNS = 3
_LEAST_SHARE = 0.5  # of cells that are filled
_MOST_WORDS = 4  # in a cell on average
_GAP_IN_LETTERS = 1.0  # of the letter size; a space has about a quarter of it
_LEAST_GAP = 7.0
_OVERLAP = 1.0
_LONGEST_CELL = 80


def cells_of(text_page: Any, line: str, start: int, size: float) -> tuple[Cell, ...]:
    """The parts of a line whose first character is the page's character `start`."""
    wide = max(_LEAST_GAP, _GAP_IN_LETTERS * size)
    cells = []
    begin = len(line) - len(line.lstrip())
    line = line.rstrip()
    place = line.find(" ", begin)
    left = text_page.get_charbox(start + begin)[0] if line.strip() else 0.0
    while place > 0:
        after = place + 1
        while after < len(line) and line[after] == " ":
            after += 1
        right = text_page.get_charbox(start + place - 1)[2]
        following = text_page.get_charbox(start + after)[0]
        if following - right >= wide:
            cells.append(Cell(line[begin:place], left, right))
            begin, left = after, following
        place = line.find(" ", after)
    if line.strip():
        right = text_page.get_charbox(start + len(line) - 1)[2]
        cells.append(Cell(line[begin:], left, right))
    return tuple(cells)


def with_tables(lines: Sequence[Line]) -> Iterator[list[Line] | str]:
    """The lines of a page in order: runs of text, and tables as finished text."""
    text: list[Line] = []
    place = 0
    while place < len(lines):
        end = place
        while end < len(lines) and _is_row(lines[end]):
            end += 1
        rows = _rows(lines[place:end]) if end - place >= _LEAST_ROWS else []
        if rows:
            if text:
                yield text
                text = []
            if names_columns(rows):
                yield table_lines([], rows)
            else:
                yield "\n".join(line.text.strip() for line in lines[place:end])
        else:
            end = max(end, place + 1)
            text += lines[place:end]
        place = end
    if text:
        yield text


def _is_row(line: Line) -> bool:
    return len(line.cells) > 1 and all(len(cell.text) <= _LONGEST_CELL for cell in line.cells)


def _rows(lines: Sequence[Line]) -> list[list[str]]:
    """The lines as rows of one table; empty where their parts do not fall into columns."""
    columns: list[tuple[float, float]] = []
    for cell in sorted((cell for line in lines for cell in line.cells), key=lambda c: c.left):
        if columns and cell.left < columns[-1][1] - _OVERLAP:
            columns[-1] = (columns[-1][0], max(columns[-1][1], cell.right))
        else:
            columns.append((cell.left, cell.right))
    rows = []
    for line in lines:
        row = [""] * len(columns)
        for cell in line.cells:
            number = max(n for n, (left, _) in enumerate(columns) if left <= cell.left)
            if row[number]:
                return []
            row[number] = cell.text
        rows.append(row)
    filled = [text for row in rows for text in row if text]
    words = sum(len(text.split()) for text in filled)
    dense = len(filled) > _LEAST_SHARE * len(rows) * len(columns)
    few_words = words <= _MOST_WORDS * len(filled)  # else columns of a newspaper
    return rows if len(columns) >= _LEAST_COLUMNS and dense and few_words else []
