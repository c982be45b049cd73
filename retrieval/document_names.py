"""Names of documents: what a file or an archive calls them, made fit to be stored and shown."""

from __future__ import annotations

import os
import re
import unicodedata

MOST_CHARACTERS = 400

# Control characters, line and paragraph separators, half surrogate pairs, and the marks that turn
# the direction of what follows: with one of these "exe.fdp" is shown as "pdf.exe".
_NOT_SHOWN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)


def document_name(given: str) -> str:
    """The name as it is kept: NFC, parts set off by `/`, nothing that deceives, 400 characters.

    A part that is not UTF-8 on this disk is read as Latin-1, so that two such names stay two.
    """
    name = "/".join(map(_readable, given.split("/")))
    name = _NOT_SHOWN.sub("\ufffd", unicodedata.normalize("NFC", name))
    return name if len(name) <= MOST_CHARACTERS else "..." + name[-MOST_CHARACTERS:]


def _readable(part: str) -> str:
    try:
        part.encode("utf-8")
    except UnicodeEncodeError:
        return os.fsencode(part).decode("latin-1")
    return part
