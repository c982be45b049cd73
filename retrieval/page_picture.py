"""A page of a PDF as a picture, drawn in a child process that a damaged file may bring down."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from retrieval.errors import UnreadableDocument

_SECONDS = 20.0
_MEMORY_BYTES = 1024 * 1024 * 1024
_PNG = b"\x89PNG\r\n\x1a\n"


def page_picture(path: Path, page: int, width: int) -> bytes:
    """The page (from 1) of the PDF as a PNG, `width` pixels wide.

    Raises UnreadableDocument where it cannot be drawn within 20 s and 1 GiB.
    """
    root = str(Path(__file__).resolve().parent.parent)
    inherited = os.environ.get("PYTHONPATH")
    search = os.pathsep.join((root, inherited)) if inherited else root
    request = {
        "path": str(path.absolute()),
        "page": page,
        "width": width,
        "memory_bytes": _MEMORY_BYTES,
    }
    try:
        ended = subprocess.run(
            [sys.executable, "-P", "-m", "retrieval.loaders.picture"],
            input=json.dumps(request).encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_SECONDS,
            env=os.environ | {"PYTHONPATH": search},
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _undrawn(page) from error
    if ended.returncode != 0 or not ended.stdout.startswith(_PNG):
        raise _undrawn(page)
    return ended.stdout


def _undrawn(page: int) -> UnreadableDocument:
    return UnreadableDocument(
        f"Page {page} cannot be drawn: it may ask for a password or be damaged; its text is "
        "shown all the same."
    )
