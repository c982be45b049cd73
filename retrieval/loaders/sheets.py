"""Spreadsheets: a section for each sheet, a line for each row that names its columns.

Read with openpyxl and xlrd themselves, which markitdown brings along, and not through its
converters: those go through pandas, which turns the cells "N/A" and "None" into nothing and whole
numbers beside an empty cell into fractions.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from retrieval.errors import EncryptedDocument, UnreadableDocument
from retrieval.loaders.office import check_package
from retrieval.loaders.opening import Opening
from retrieval.loaders.parsed import Parsed, TextBuilder, clean_line, table_row

_OLE_SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MIDNIGHT = datetime.time()

Row = list[Any]


def read_xlsx(path: Path, name: str, _: Opening) -> Parsed:
    """An Excel workbook: the values that its program computed last."""
    import io
    import warnings

    data = path.read_bytes()
    check_package(data, name, "Excel", "XLSX", "xl/workbook.xml")
    from openpyxl import load_workbook  # type: ignore[import-untyped]

    builder = TextBuilder()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
            for sheet in book.worksheets:
                sheet.reset_dimensions()  # what a file says of its size may be false
                rows = ([_cell(cell) for cell in row] for row in sheet.iter_rows())
                _add_sheet(builder, sheet.title, rows)
        except (KeyError, ValueError, TypeError, IndexError, AttributeError) as error:
            raise _damaged(name) from error
    return builder.parsed()


def read_xls(path: Path, name: str, _: Opening) -> Parsed:
    """A workbook of Excel before 2007."""
    import xlrd  # type: ignore[import-untyped]

    data = path.read_bytes()
    if not data.startswith(_OLE_SIGNATURE):
        raise UnreadableDocument(
            f"{name} is not an Excel workbook inside: open it in its own program and save it as "
            "XLSX."
        )
    builder = TextBuilder()
    try:
        book = xlrd.open_workbook(file_contents=data, logfile=_Nowhere())
        for sheet in book.sheets():
            rows = (
                [_old_cell(sheet.cell(row, column), book.datemode) for column in range(sheet.ncols)]
                for row in range(sheet.nrows)
            )
            _add_sheet(builder, sheet.name, rows)
    except xlrd.XLRDError as error:
        if "encrypted" in str(error).lower():
            raise EncryptedDocument(
                f"{name} is locked with a password, which is not read in office files: save a copy "
                "without one and add that."
            ) from error
        raise _damaged(name) from error
    return builder.parsed()


class _Nowhere:
    """What xlrd prints goes here."""

    def write(self, _: str) -> None:
        """Take in and forget."""


def _damaged(name: str) -> UnreadableDocument:
    return UnreadableDocument(
        f"{name} is damaged and cannot be opened: open it in its own program and save it again."
    )


def _cell(cell: Any) -> Any:
    """The value of a cell, with a percentage as it is shown."""
    value = cell.value
    if isinstance(value, float | int) and not isinstance(value, bool):
        number_format = getattr(cell, "number_format", "") or ""
        if number_format.endswith("%"):
            return f"{round(100 * value, 6):g}%"
    return value


def _old_cell(cell: Any, datemode: int) -> Any:
    import xlrd

    if cell.ctype == xlrd.XL_CELL_DATE:
        try:
            return xlrd.xldate_as_datetime(cell.value, datemode)
        except (ValueError, OverflowError):
            return cell.value
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return bool(cell.value)
    if cell.ctype in (xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK, xlrd.XL_CELL_ERROR):
        return None
    return cell.value


def _add_sheet(builder: TextBuilder, title: str, rows: Iterable[Row]) -> None:
    """The tables of a sheet: what blank rows part are tables of their own."""
    headed = False
    for table in _tables(rows):
        if not headed:
            builder.heading(title, 1)
            headed = True
        while table and len(_filled(table[0])) == 1 and len(table) > 1 and _is_wide(table[1:]):
            builder.prose(_shown(_filled(table[0])[0]))
            table = table[1:]
        header = [_shown(value) for value in table[0]] if _names_columns(table) else []
        body = table[1:] if header else table
        lines = [table_row(header, [_shown(value) for value in row]) for row in body]
        builder.lines("\n".join(lines))


def _tables(rows: Iterable[Row]) -> Iterator[list[Row]]:
    table: list[Row] = []
    for row in rows:
        if _filled(row):
            table.append(row)
        elif table:
            yield table
            table = []
    if table:
        yield table


def _filled(row: Row) -> Row:
    return [value for value in row if value is not None and str(value).strip()]


def _is_wide(table: list[Row]) -> bool:
    return any(len(_filled(row)) > 1 for row in table)


def _names_columns(table: list[Row]) -> bool:
    """Whether the first row is the header: words only, and as wide as what is below.

    Two columns of words are a list of names and values, unless there are figures below.
    """
    first, rest = table[0], table[1:]
    names = _filled(first)
    if not rest or len(names) < 2 or not all(isinstance(value, str) for value in names):
        return False
    used = {place for row in rest for place, value in enumerate(row) if value not in (None, "")}
    named = {place for place, value in enumerate(first) if value not in (None, "")}
    if len(used - named) > len(named) // 2:
        return False
    figures = any(_is_figure(value) for row in rest for value in _filled(row))
    return len(names) > 2 or figures


def _is_figure(value: Any) -> bool:
    return not isinstance(value, str) or (value.endswith("%") and value[:1].isdigit())


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime.datetime):
        return value.date().isoformat() if value.time() == _MIDNIGHT else value.isoformat(" ")
    return clean_line(str(value))
