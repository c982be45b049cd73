"""The rows of a file of examples: JSONL, a JSON array, CSV or Parquet, each with its number.

A row that cannot be read is told and passed over; the rows behind it are read.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from assistant.errors import ExamplesError
from assistant.interchange.cells import cell_read
from assistant.interchange.text_lines import LONGEST_LINE, TextFile, text_file, unreadable

FileFormat = Literal["jsonl", "json", "csv", "parquet"]

MOST_ROWS = 200_000
MOST_COLUMNS = 1_000
LARGEST_ARRAY = 256 * 1024 * 1024  # bytes; a JSON array has to be held whole
_PARQUET = b"PAR1"
_SPACE = re.compile(r"\s*")

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class FileRow:
    """number: of the line, or of the row in a JSON array or Parquet, from 1. fault: why there is
    no value."""

    number: int
    value: Row
    fault: str = ""


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """A file by its content. unit: what its rows are counted in. notes: what a person should know
    of how it is read."""

    path: Path
    format: FileFormat
    unit: Literal["line", "row"]
    notes: tuple[str, ...] = ()
    text: TextFile | None = None

    def rows(self) -> Iterator[FileRow]:
        """All rows, in order. Raises ExamplesError where there are more than MOST_ROWS."""
        for count, row in enumerate(self._rows(), start=1):
            if count > MOST_ROWS:
                raise ExamplesError(
                    f"{self.path.name} has more than {MOST_ROWS:,} rows, so nothing was taken in: "
                    "split it into several files."
                )
            yield row

    def _rows(self) -> Iterator[FileRow]:
        if self.text is None:
            from assistant.interchange.parquet import parquet_rows

            return (FileRow(number, row) for number, row in parquet_rows(self.path))
        if self.format == "csv":
            return _csv_rows(self.text)
        return _whole_rows(self.text) if self.format == "json" else _line_rows(self.text)


def open_file(path: Path) -> OpenedFile:
    """The file, its format told from its content; the ending decides for CSV alone.

    Raises ExamplesError where it cannot be read, is empty, or is in no format that is known.
    """
    try:
        with path.open("rb") as file:
            start = file.read(4)
    except OSError as error:
        raise unreadable(path, error) from error
    if start == _PARQUET or start == b"PARE" or path.suffix.lower() == ".parquet":
        return OpenedFile(path, "parquet", "row")
    if not start:
        raise ExamplesError(f"{path.name} is empty: it holds no examples.")
    text = text_file(path)
    notes = ("It is not UTF-8 and was read as Windows-1252: look at its accents.",)
    if path.suffix.lower() in (".csv", ".tsv"):
        return OpenedFile(path, "csv", "line", notes if text.guessed else (), text)
    format: FileFormat = "json" if _is_whole(text) else "jsonl"
    unit: Literal["line", "row"] = "row" if format == "json" else "line"
    return OpenedFile(path, format, unit, notes if text.guessed else (), text)


class JsonRows:
    """Decodes JSON strictly: a key that stands twice, NaN and endless nesting are faults."""

    def __init__(self) -> None:
        self._faults: list[str] = []
        self._decoder = json.JSONDecoder(
            object_pairs_hook=self._object, parse_constant=self._constant
        )

    def decode(self, text: str, start: int = 0) -> tuple[Any, int, str]:
        """The value at `start`, where it ends, and what is wrong with it, "" where nothing is.

        Raises ValueError where there is no value.
        """
        self._faults.clear()
        try:
            value, end = self._decoder.raw_decode(text, start)
        except RecursionError:
            raise ValueError("not valid JSON that can be read (nested too deep)") from None
        except json.JSONDecodeError as error:
            raise ValueError(
                f"not valid JSON ({error.msg} at character {error.pos - start + 1})"
            ) from None
        except ValueError as error:  # a number of thousands of digits
            raise ValueError(f"not valid JSON ({str(error).partition(':')[0]})") from None
        return value, end, ", ".join(dict.fromkeys(self._faults))

    def _object(self, pairs: list[tuple[str, Any]]) -> Row:
        made = dict(pairs)
        if len(made) < len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            self._faults.append(f"the key {twice[:40]} is there twice")
        return made

    def _constant(self, name: str) -> None:
        self._faults.append(f"{name} is no JSON value")


def _line_rows(text: TextFile) -> Iterator[FileRow]:
    decoder = JsonRows()
    for number, line in enumerate(text.lines(), start=1):
        if line is None:
            yield FileRow(number, {}, f"longer than {LONGEST_LINE:,} characters")
        elif stripped := line.strip():
            yield _line_row(decoder, number, stripped)


def _line_row(decoder: JsonRows, number: int, line: str) -> FileRow:
    try:
        value, end, fault = decoder.decode(line)
    except ValueError as error:
        return FileRow(number, {}, str(error))
    if line[end:].strip():
        fault = f"not valid JSON (more behind character {end})"
    return _checked(number, value, fault)


def _checked(number: int, value: Any, fault: str) -> FileRow:
    if not fault and not isinstance(value, dict):
        fault = "not a JSON object"
    return FileRow(number, {} if fault else value, fault)


def _is_whole(text: TextFile) -> bool:
    """Whether the file is one JSON value: an array, or an object over several lines."""
    for line in text.lines():
        if line is None or not line.strip():
            continue
        start = line.strip()
        if start[0] != "{":
            return start[0] == "["
        return text.path.suffix.lower() == ".json" and start[-1] != "}"
    return False


def _whole_rows(text: TextFile) -> Iterator[FileRow]:
    if text.path.stat().st_size > LARGEST_ARRAY:
        raise ExamplesError(
            f"{text.path.name} is one JSON value of more than {LARGEST_ARRAY >> 20} MB, so nothing "
            "was taken in: save it as JSONL, one object to a line."
        )
    content = text.path.read_text(text.encoding).strip()
    return _array_rows(content) if content.startswith("[") else _object_rows(content)


def _object_rows(content: str) -> Iterator[FileRow]:
    """An object is one row, or holds the list of the rows under a name such as `data`."""
    try:
        value, _, fault = JsonRows().decode(content)
    except ValueError as error:
        value, fault = {}, str(error)
    lists = [
        part
        for name, part in value.items()
        if isinstance(part, list) and part and name not in ("messages", "conversations")
    ]
    if fault or len(lists) != 1 or not all(isinstance(one, dict) for one in lists[0]):
        yield FileRow(1, value, fault)
        return
    for number, one in enumerate(lists[0], start=1):
        yield FileRow(number, one)


def _array_rows(content: str) -> Iterator[FileRow]:
    decoder = JsonRows()
    place = _after_space(content, 1)
    number = 0
    while content[place : place + 1] not in ("]", ""):
        number += 1
        try:
            value, place, fault = decoder.decode(content, place)
        except ValueError as error:
            yield FileRow(number, {}, f"{error}; the rows behind it could not be read")
            return
        yield _checked(number, value, fault)
        place = _after_space(content, place)
        if content[place : place + 1] == ",":
            place = _after_space(content, place + 1)
        elif content[place : place + 1] not in ("]", ""):
            yield FileRow(number + 1, {}, "not valid JSON (no comma between two rows)")
            return
    if content[place:] != "]":
        yield FileRow(number + 1, {}, "not valid JSON (the array does not end where it should)")


def _after_space(content: str, place: int) -> int:
    match = _SPACE.match(content, place)
    return match.end() if match else place


def _csv_rows(text: TextFile) -> Iterator[FileRow]:
    header = next((line for line in text.lines() if line is None or line.strip()), "")
    if header is None:
        yield FileRow(1, {}, f"longer than {LONGEST_LINE:,} characters")
        return
    delimiter = max(",;\t", key=header.count)
    reader = csv.reader(_bounded(text), delimiter=delimiter, strict=True)
    columns: list[str] = []
    before = 0
    try:
        for cells in reader:
            number, before = before + 1, reader.line_num
            if not any(cell.strip() for cell in cells):
                continue
            if not columns:
                columns = [cell.strip().lower() for cell in cells]
                if fault := _header_fault(columns):
                    yield FileRow(number, {}, fault)
                    return
            else:
                yield _csv_row(number, columns, cells)
    except csv.Error as error:
        yield FileRow(max(reader.line_num, 1), {}, f"not valid CSV ({error})")


def _csv_row(number: int, columns: Sequence[str], cells: Sequence[str]) -> FileRow:
    if len(cells) != len(columns):
        return FileRow(number, {}, f"{len(cells)} cells where the header has {len(columns)}")
    named = zip(columns, cells, strict=True)
    return FileRow(number, {name: cell_read(cell) for name, cell in named})


def _header_fault(columns: Sequence[str]) -> str:
    if len(columns) > MOST_COLUMNS:
        return f"{len(columns):,} columns, of which at most {MOST_COLUMNS:,} can be read"
    named = [name for name in columns if name]
    twice = next((name for name in named if named.count(name) > 1), "")
    return f"the column {twice[:40]} is there twice" if twice else ""


def _bounded(text: TextFile) -> Iterator[str]:
    """The lines as they are. Raises csv.Error for one that is too long."""
    for line in text.lines(newline=""):
        if line is None:
            raise csv.Error(f"a line is longer than {LONGEST_LINE:,} characters")
        yield line
