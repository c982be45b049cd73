"""Bytes to characters, and plain text files."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from retrieval.errors import UnreadableDocument
from retrieval.loaders.hyphens import Hyphens
from retrieval.loaders.opening import Opening
from retrieval.loaders.parsed import Parsed, TextBuilder, squeezed

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_SAMPLE_BYTES = 64 * 1024
_PARAGRAPH_BREAK = re.compile(r"\n[^\S\n]*(?:\n[^\S\n]*)+")
_LIST_ITEM = re.compile(r"^\s*(?:[-*+\u2022]|\d{1,3}[.)])\s", re.MULTILINE)


def decoded(data: bytes, name: str, declared: str | None = None) -> tuple[str, tuple[str, ...]]:
    """The characters of a text file, and a warning where the encoding was guessed.

    declared: an encoding that the file itself names. Raises UnreadableDocument for binary data.
    """
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return data.decode(encoding, "replace"), ()
    for encoding in filter(None, (declared, "utf-8")):
        try:
            return data.decode(encoding), ()
        except (UnicodeDecodeError, LookupError):
            continue
    return _guessed(data, name)


def _guessed(data: bytes, name: str) -> tuple[str, tuple[str, ...]]:
    from charset_normalizer import from_bytes

    best = from_bytes(data[:_SAMPLE_BYTES]).best()
    if best is None:
        raise UnreadableDocument(
            f"{name} is not text in any encoding that Duet knows: save it as UTF-8."
        )
    return data.decode(best.encoding, "replace"), (
        f"The encoding is not stated; it was read as {best.encoding}.",
    )


def refuse_binary(data: bytes, name: str) -> None:
    """Raise UnreadableDocument where the bytes are not those of a text file."""
    sample = data[:_SAMPLE_BYTES]
    if any(sample.startswith(mark) for mark, _ in _BYTE_ORDER_MARKS):
        return
    if len(_BINARY.findall(sample)) > len(sample) // 1000:
        raise UnreadableDocument(
            f"{name} is not a text file inside, whatever its name says: add the original document."
        )


def read_text(path: Path, name: str, _: Opening) -> Parsed:
    """A plain text file: paragraphs are what blank lines part."""
    data = path.read_bytes()
    refuse_binary(data, name)
    text, warnings = decoded(data, name)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    hyphens = Hyphens(lambda: text)
    builder = TextBuilder()
    for paragraph in _PARAGRAPH_BREAK.split(text):
        add_paragraph(builder, hyphens.joined(paragraph) if is_wrapped(paragraph) else paragraph)
    return builder.parsed(warnings=warnings)


def add_paragraph(builder: TextBuilder, paragraph: str) -> None:
    """Add a paragraph; hard-wrapped prose becomes one line, lists and short lines stay lines."""
    lines = [line.rstrip() for line in paragraph.strip("\n").split("\n")]
    if len(lines) > 1 and not is_wrapped(paragraph):
        builder.lines("\n".join(lines))
    else:
        builder.prose(squeezed(" ".join(line.strip() for line in lines)))


def is_wrapped(paragraph: str) -> bool:
    """Whether the lines are prose broken at the right margin."""
    lines = [line.rstrip() for line in paragraph.strip("\n").split("\n")]
    widest = max(map(len, lines))
    filled = len(lines) > 1 and all(2 * len(line) > widest for line in lines[:-1])
    return filled and widest >= 40 and not _LIST_ITEM.search(paragraph)
