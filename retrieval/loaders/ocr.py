"""Text of scanned pages through the command `tesseract`, where it is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache
from typing import Any

from retrieval.loaders.sandbox import SANDBOX

_DOTS_PER_INCH = 300
_MOST_PIXELS = 16_000_000
_MOST_LANGUAGES = 4
_NO_LANGUAGES = frozenset(("osd", "equ", "snum"))
_LIST_SECONDS = 20.0


def tesseract() -> str | None:
    """Where the program is; None where it is not installed."""
    found = shutil.which("tesseract")
    return os.path.realpath(found) if found else None


def recognised(page: Any, program: str, seconds: float) -> str:
    """The text on a page of pypdfium2; empty where there is none or it took too long."""
    known = languages(program)
    try:
        with SANDBOX.program(program):
            ended = subprocess.run(
                [program, "stdin", "stdout", "-l", known],
                input=_picture(page),
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=seconds,
                env=_environment(),
                check=False,
            )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return (
        ended.stdout.decode("utf-8", "replace").replace("\f", "\n") if not ended.returncode else ""
    )


@cache
def languages(program: str) -> str:
    """What to recognise, as Tesseract wants it named: English and up to three more installed."""
    with SANDBOX.program(program):
        try:
            listed = subprocess.run(
                [program, "--list-langs"],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_LIST_SECONDS,
                env=_environment(),
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return "eng"
    known = [line.strip() for line in listed.stdout.decode("utf-8", "replace").split("\n")[1:]]
    known = [name for name in known if name and name not in _NO_LANGUAGES and "/" not in name]
    return "+".join(sorted(known, key=lambda name: name != "eng")[:_MOST_LANGUAGES]) or "eng"


def _picture(page: Any) -> bytes:
    """The page in grey as a PGM file, at 300 dots an inch or as many as 16 million pixels allow."""
    across, up = page.get_size()
    scale = min(_DOTS_PER_INCH / 72, (_MOST_PIXELS / max(1.0, across * up)) ** 0.5)
    bitmap = page.render(scale=scale, grayscale=True)
    data, width, stride = bytes(bitmap.buffer), bitmap.width, bitmap.stride
    rows = b"".join(data[row * stride : row * stride + width] for row in range(bitmap.height))
    return b"P5\n%d %d\n255\n" % (width, bitmap.height) + rows


def _environment() -> dict[str, str]:
    kept = ("PATH", "TESSDATA_PREFIX", "LD_LIBRARY_PATH", "SYSTEMROOT")
    own = {"OMP_THREAD_LIMIT": "1", "LC_ALL": "C.UTF-8"}
    return {name: os.environ[name] for name in kept if name in os.environ} | own
