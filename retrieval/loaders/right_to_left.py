"""Arabic and Hebrew of a PDF in the order in which they are read.

PDFium turns runs of right-to-left letters round, taking them to be stored as they are seen. Text
that a PDF gives as such (`ActualText`) is stored as it is read, and comes out backwards. Where the
letters stand on the page tells: the first of a run must be to the right of its last.
"""

from __future__ import annotations

import re
from typing import Any

_RUN = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]{2,}")


def in_logical_order(text_page: Any, text: str) -> str:
    """The text of a page of pypdfium2 with its right-to-left words as they are read."""
    if not _RUN.search(text):
        return text
    return _RUN.sub(lambda run: _read(text_page, run), text)


def _read(text_page: Any, run: re.Match[str]) -> str:
    first = text_page.get_charbox(run.start())
    last = text_page.get_charbox(run.end() - 1)
    backwards = first[0] < last[0] or first == last
    return run[0][::-1] if backwards else run[0]
