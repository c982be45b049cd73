"""CSV files: each row becomes a line that names its columns."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from retrieval.errors import UnreadableDocument
from retrieval.loaders.opening import Opening
from retrieval.loaders.parsed import Parsed, TextBuilder, table_lines
from retrieval.loaders.text import decoded, refuse_binary

_SNIFF_CHARACTERS = 16 * 1024
_DELIMITERS = ",;\t|"


def read_csv(path: Path, name: str, _: Opening) -> Parsed:
    """A CSV file with its column names in the first row."""
    data = path.read_bytes()
    refuse_binary(data, name)
    text, warnings = decoded(data, name)
    rows = _rows(text, name)
    builder = TextBuilder()
    if rows:
        builder.lines(table_lines(rows[0], rows[1:]))
    return builder.parsed(warnings=warnings)


def _rows(text: str, name: str) -> list[list[str]]:
    # The strict reader refuses NUL and very long cells; both are signs of damage, not of data.
    sample = text[:_SNIFF_CHARACTERS]
    first_line = sample.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first_line.count)
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        return [row for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise UnreadableDocument(
            f"{name} is damaged as a table ({error}): open it in a spreadsheet and save it again."
        ) from error
