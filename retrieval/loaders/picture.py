"""The child process that draws one page of a PDF: `python -m retrieval.loaders.picture`.

One JSON request on stdin, a PNG on stdout; nothing there where the page cannot be drawn.
"""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

from retrieval.loaders.sandbox import SANDBOX

_CPU_SECONDS = 20.0


def main() -> int:
    """Draw the page that stdin asks for."""
    request = json.loads(sys.stdin.read())
    SANDBOX.enter()
    SANDBOX.admit(Path(request["path"]), None, request["memory_bytes"], _CPU_SECONDS, 0)
    picture = drawn(request["path"], request["page"], request["width"])
    sys.stdout.buffer.write(picture)
    return 0


def drawn(path: str, page: int, width: int) -> bytes:
    """The page (from 1) as a PNG of that width in pixels; a very tall page is drawn smaller."""
    import pypdfium2

    with pypdfium2.PdfDocument(path) as document:
        sheet = document[page - 1]
        across, up = sheet.get_size()
        scale = min(width / across, 2 * width / up)
        picture = io.BytesIO()
        sheet.render(scale=scale).to_pil().convert("RGB").save(picture, "PNG", optimize=False)
    return picture.getvalue()


if __name__ == "__main__":
    sys.exit(main())
