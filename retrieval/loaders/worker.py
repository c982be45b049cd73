"""The child process that parses files: `python -m retrieval.loaders.worker`.

One JSON line in for each file, one JSON line out. It limits its own memory before it opens
anything, and nothing that a reader prints can get between the answers.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import astuple
from pathlib import Path
from typing import Any, TextIO

from retrieval import errors
from retrieval.loaders.formats import load


def main() -> int:
    """Answer requests until the other end closes."""
    answers = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    for line in sys.stdin:
        request = json.loads(line)
        limit_memory(request["memory_bytes"])
        if not _answer(answers, _parsed(request)):
            return 1
    return 0


def _parsed(request: dict[str, Any]) -> dict[str, Any]:
    try:
        parsed = load(Path(request["path"]), request["name"], request["text_characters"])
    except errors.DocumentError as error:
        return {"error": type(error).__name__, "message": str(error)}
    except MemoryError:
        return {"error": "memory"}
    except RecursionError:
        return {"error": "nesting"}
    except Exception as error:  # a reader met a file that its authors did not think of
        return {"error": "reader", "message": f"{type(error).__name__}: {error}"[:500]}
    return {
        "text": parsed.text,
        "blocks": [astuple(block) for block in parsed.blocks],
        "pages": parsed.pages,
        "warnings": parsed.warnings,
    }


def _answer(answers: TextIO, answer: dict[str, Any]) -> bool:
    """Send it. False where this process should end, for its memory may be spent."""
    try:
        line = json.dumps(answer)
    except MemoryError:
        line = '{"error": "memory"}'
    answers.write(line + "\n")
    answers.flush()
    return "memory" not in line[:20]


def limit_memory(size: int) -> None:
    """Let this process have no more than `size` bytes of address space."""
    try:
        import resource
    except ImportError:  # Windows has no such limits; the time limit still holds
        return
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    limit = size if hard == resource.RLIM_INFINITY else min(size, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))


if __name__ == "__main__":
    sys.exit(main())
