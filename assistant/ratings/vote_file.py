"""Votes from a file of anybody's: who met whom, and who won."""

from __future__ import annotations

import csv
import json
import math
from array import array
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from assistant.errors import InvalidRequest
from assistant.ratings.comparisons import BOTH_BAD, FIRST, SECOND, TIE, Comparisons

COLUMNS = ("model_a", "model_b", "winner")

_FAULTS_SHOWN = 20
_LONGEST_NAME = 200  # characters
# As other tools write it, once case, spaces and marks are taken away.
_WINNERS = {
    "modela": FIRST,
    "modelb": SECOND,
    "a": FIRST,
    "b": SECOND,
    "left": FIRST,
    "right": SECOND,
    "tie": TIE,
    "tied": TIE,
    "draw": TIE,
    "equal": TIE,
    "bothgood": TIE,
    "bothbad": BOTH_BAD,
    "tiebothbad": BOTH_BAD,
    "bothbadtie": BOTH_BAD,
    "neither": BOTH_BAD,
}
_MISSING = ("", "nan", "null", "none")

Row = tuple[str, str, str]


def read_votes(path: Path) -> Comparisons:
    """The votes of a CSV, TSV or JSONL file, in its order.

    Columns or fields: model_a, model_b and winner, in any order and case, others passed over.
    winner is model_a, model_b, the name of one of the two, tie or both_bad, in any case, with or
    without spaces and underscores; "tie (bothbad)" and "neither" are both_bad, "draw" is tie.

    Raises InvalidRequest that names every fault with its line; nothing is rated then.
    """
    names: dict[str, int] = {}
    known: dict[Row, int] = {}
    rows = array("q")
    faults: list[tuple[int, str]] = []
    try:
        lines = _json_rows(path) if _is_json(path) else _csv_rows(path)
        for number, row in lines:
            if isinstance(row, str):
                faults.append((number, row))
                continue
            code = known.get(row)
            if code is None:
                fault = _fault(row)
                if fault:
                    faults.append((number, fault))
                    continue
                code = known[row] = _code(row, names)
            rows.append(code)
    except UnicodeDecodeError as error:
        raise InvalidRequest(
            f"{path.name} is not text in UTF-8: nothing was rated; save it as UTF-8."
        ) from error
    except OSError as error:
        raise InvalidRequest(f"{path.name} cannot be read: {error.strerror}.") from error
    if faults:
        raise InvalidRequest(_said(path, faults))
    codes = np.frombuffer(rows, np.int64) if rows else np.empty(0, np.int64)
    pairs = codes >> 2
    return Comparisons(tuple(names), pairs >> 20, pairs & 0xFFFFF, codes & 3)


def _code(row: Row, names: dict[str, int]) -> int:
    """A row as one number: first contender, second contender, outcome."""
    first, second, winner = (cell.strip() for cell in row)
    one = names.setdefault(first, len(names))
    other = names.setdefault(second, len(names))
    outcome = _outcome(first, second, winner)
    assert outcome is not None
    return ((one << 20 | other) << 2) | outcome


def _fault(row: Row) -> str:
    first, second, winner = (cell.strip() for cell in row)
    for column, cell in zip(COLUMNS, (first, second, winner), strict=True):
        if cell.casefold() in _MISSING:
            return f"{column} is empty"
        if len(cell) > _LONGEST_NAME:
            return f"{column} is longer than {_LONGEST_NAME} characters"
    if first == second:
        return f"“{first}” is compared with itself"
    if _outcome(first, second, winner) is None:
        return f"winner “{winner}” is neither of the two, tie or both_bad"
    return ""


def _outcome(first: str, second: str, winner: str) -> int | None:
    """FIRST, SECOND, TIE or BOTH_BAD; a name as it is written goes before everything else."""
    if winner in (first, second):
        return FIRST if winner == first else SECOND
    folded = winner.casefold()
    word = "".join(filter(str.isalnum, folded)).removesuffix("vote")
    if word in _WINNERS:
        return _WINNERS[word]
    if folded in (first.casefold(), second.casefold()):
        return FIRST if folded == first.casefold() else SECOND
    return None


def _csv_rows(path: Path) -> Iterator[tuple[int, Row | str]]:
    """Each row with the number of its line."""
    with path.open(encoding="utf-8-sig", newline="") as text:
        reader = csv.reader(text, dialect=_dialect(path))
        try:
            header = next(reader, [])
            places = _places(path, header)
            first, second, winner = places
            furthest = max(places)
            for row in reader:
                if len(row) > furthest:
                    yield reader.line_num, (row[first], row[second], row[winner])
                elif row:
                    yield reader.line_num, "the row ends before its last column"
        except csv.Error as error:
            yield reader.line_num, f"this is not CSV ({error})"


def _dialect(path: Path) -> type[csv.Dialect]:
    """Comma, semicolon or tab, whichever the header has most of."""
    with path.open(encoding="utf-8-sig", newline="") as text:
        header = text.readline()
    chosen = max(",;\t", key=header.count)

    class _Chosen(csv.excel):
        delimiter = chosen
        strict = True

    return _Chosen


def _places(path: Path, header: Iterable[str]) -> tuple[int, int, int]:
    written = [name.strip().casefold() for name in header]
    missing = [column for column in COLUMNS if column not in written]
    if missing:
        raise InvalidRequest(
            f"{path.name} has no column {', '.join(missing)}: nothing was rated; its first line "
            f"must name {', '.join(COLUMNS)}."
        )
    first, second, winner = (written.index(column) for column in COLUMNS)
    return first, second, winner


def _is_json(path: Path) -> bool:
    return path.suffix.lower() in (".jsonl", ".ndjson", ".json")


def _json_rows(path: Path) -> Iterator[tuple[int, Row | str]]:
    with path.open(encoding="utf-8-sig") as text:
        for number, line in enumerate(text, start=1):
            if not line.strip():
                continue
            try:
                value = json.loads(line)
            except (ValueError, RecursionError):
                yield number, "this is not a JSON object on a line of its own"
                continue
            if not isinstance(value, dict):
                yield number, "this is not a JSON object"
                continue
            cells = [_cell(value.get(column)) for column in COLUMNS]
            yield number, (cells[0], cells[1], cells[2])


def _cell(value: Any) -> str:
    """A name; what is no text or number counts as missing."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return ""
    return str(value)


def _said(path: Path, faults: list[tuple[int, str]]) -> str:
    shown = "; ".join(f"line {number}: {fault}" for number, fault in faults[:_FAULTS_SHOWN])
    more = len(faults) - _FAULTS_SHOWN
    rest = f"; and {more} more" if more > 0 else ""
    lines = "line" if len(faults) == 1 else "lines"
    return f"{path.name} has {len(faults)} faulty {lines}, so nothing was rated: {shown}{rest}."
