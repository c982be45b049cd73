"""What a loader is given besides the file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


def _silent() -> None:
    pass


@dataclass(frozen=True, slots=True)
class Opening:
    """passwords: to try where the file asks for one. ocr_seconds: for the text of one scanned page.

    working: called from time to time in long work; each call begins the time limit anew.
    """

    passwords: tuple[str, ...] = ()
    ocr_seconds: float = 60.0
    working: Callable[[], None] = _silent
