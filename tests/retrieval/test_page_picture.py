"""Pages as pictures, drawn in a process of their own."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from retrieval.errors import UnreadableDocument
from retrieval.page_picture import page_picture

MANUAL = Path(__file__).parents[2] / "datasets/aurora/documents/manual.pdf"


def test_a_page_is_drawn_at_the_width_asked_for() -> None:
    picture = page_picture(MANUAL, 1, 400)
    width, height = struct.unpack(">II", picture[16:24])
    assert width in (400, 401) and 400 < height <= 800


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7 nothing", b"words"])
def test_what_cannot_be_drawn_is_said(write: Callable[..., Path], content: bytes) -> None:
    with pytest.raises(UnreadableDocument, match="Page 1 cannot be drawn"):
        page_picture(write("a.pdf", content), 1, 400)


def test_a_page_that_is_not_there_is_said() -> None:
    with pytest.raises(UnreadableDocument, match="Page 999 cannot be drawn"):
        page_picture(MANUAL, 999, 400)
