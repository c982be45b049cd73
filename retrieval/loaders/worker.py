"""The child process that parses files: `python -m retrieval.loaders.worker`.

One JSON line in for each request, one JSON line out, and `working` lines before it where a long
work goes on. Nothing that a reader prints can get between the answers.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict, astuple
from pathlib import Path
from typing import Any, TextIO

from retrieval import errors
from retrieval.loaders.formats import load
from retrieval.loaders.opening import Opening
from retrieval.loaders.sandbox import SANDBOX


def main() -> int:
    """Answer requests until the other end closes."""
    answers = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    SANDBOX.enter()

    def working() -> None:
        answers.write('{"working": true}\n')
        answers.flush()

    for line in sys.stdin:
        request = json.loads(line)
        folder = Path(request["folder"]) if request["do"] == "unpack" else None
        SANDBOX.admit(
            Path(request["path"]),
            folder,
            request["memory_bytes"],
            request["seconds"],
            request["file_bytes"] if folder else 0,
        )
        if not _answer(answers, _done(request, folder, working)):
            return 1
    return 0


def _done(request: dict[str, Any], folder: Path | None, working: Any) -> dict[str, Any]:
    try:
        if folder is not None:
            return _unpacked(request, folder)
        return _parsed(request, working)
    except errors.DocumentError as error:
        return {"error": type(error).__name__, "message": str(error)}
    except MemoryError:
        return {"error": "memory"}
    except RecursionError:
        return {"error": "nesting"}
    except Exception as error:  # a reader met a file that its authors did not think of
        return {"error": "reader", "message": f"{type(error).__name__}: {error}"[:500]}


def _parsed(request: dict[str, Any], working: Any) -> dict[str, Any]:
    opening = Opening(tuple(request["passwords"]), request["ocr_seconds"], working)
    parsed = load(Path(request["path"]), request["name"], request["text_characters"], opening)
    return {
        "text": parsed.text,
        "blocks": [astuple(block) for block in parsed.blocks],
        "pages": parsed.pages,
        "warnings": parsed.warnings,
    }


def _unpacked(request: dict[str, Any], folder: Path) -> dict[str, Any]:
    from retrieval.loaders.archive import Bounds, unpack

    bounds = Bounds(request["file_bytes"], request["unpacked_bytes"], request["members"])
    members = unpack(
        Path(request["path"]), request["name"], folder, bounds, tuple(request["passwords"])
    )
    return {"members": [asdict(member) for member in members]}


def _answer(answers: TextIO, answer: dict[str, Any]) -> bool:
    """Send it. False where this process should end, for its memory may be spent."""
    try:
        line = json.dumps(answer)
    except MemoryError:
        line = '{"error": "memory"}'
    answers.write(line + "\n")
    answers.flush()
    return "memory" not in line[:20]


if __name__ == "__main__":
    sys.exit(main())
