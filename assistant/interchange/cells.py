"""Cells of a CSV file that a spreadsheet would take for a formula, made harmless and read back.

A cell that begins like a formula gets an apostrophe in front, which spreadsheets take as "this is
text" (OWASP, CSV injection); reading takes one away again, so that a cell comes back as it was.
"""

from __future__ import annotations

import re

_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_NEUTRALISED = re.compile(r"'+[=+\-@\t\r]")


def cell_written(text: str) -> str:
    """The text as a cell that no spreadsheet calculates."""
    return f"'{text}" if _FORMULA.match(text) else text


def cell_read(text: str) -> str:
    """The text of a cell; the inverse of `cell_written`."""
    return text[1:] if _NEUTRALISED.match(text) else text
