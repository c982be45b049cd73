"""Tables as CSV inside the page: what is shown is what is downloaded."""

from __future__ import annotations

import base64
import csv
import io
from collections.abc import Sequence
from html import escape

from assistant.vote_export import harmless


def csv_link(name: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A link that saves the rows as a CSV file of this name; "" where there are none."""
    if not rows:
        return ""
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(columns)
    writer.writerows([[harmless(value) for value in row] for row in rows])
    # The mark lets spreadsheets read it as UTF-8.
    data = base64.b64encode(written.getvalue().encode("utf-8-sig")).decode()
    return (
        f'<p class="downloads"><a download="{escape(name)}" '
        f'href="data:text/csv;base64,{data}">Download as CSV</a></p>'
    )
