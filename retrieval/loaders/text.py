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
# UTF-8 read as Latin-1 or Windows-1252: a lead byte as a letter, then a continuation byte.
_GARBLED = re.compile(
    "[\u00c2-\u00f4][\u0080-\u00bf\u0152-\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122]"
)
_LONGEST_GARBLED = 20_000
_SAMPLE_BYTES = 64 * 1024
_PARAGRAPH_BREAK = re.compile(r"\n[^\S\n]*(?:\n[^\S\n]*)+")
_LIST_ITEM = re.compile(r"^\s*(?:[-*+\u2022]|\d{1,3}[.)])\s", re.MULTILINE)


def decoded(data: bytes, name: str, declared: str | None = None) -> tuple[str, tuple[str, ...]]:
    """The characters of a text file, and a warning where the encoding was guessed.

    declared: an encoding that the file itself names. Raises UnreadableDocument for binary data.
    """
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return _put_right(data.decode(encoding, "replace"))
    for encoding in filter(None, (declared, "utf-8")):
        try:
            return _put_right(data.decode(encoding))
        except (UnicodeDecodeError, LookupError):
            continue
    return _guessed(data, name)


def _put_right(text: str) -> tuple[str, tuple[str, ...]]:
    """Lines that went through a wrong encoding on their way here, such as `GrÃ¶ÃŸe`, put right."""
    if not _GARBLED.search(text):
        return text, ()
    import ftfy

    lines = text.split("\n")
    example = ""
    for place, line in enumerate(lines):
        if len(line) <= _LONGEST_GARBLED and _GARBLED.search(line):
            lines[place] = ftfy.fix_encoding(line)
            if not example and lines[place] != line:
                example = _example(line, lines[place])
    if not example:
        return text, ()
    return "\n".join(lines), (f"Garbled characters were put right, as in {example}.",)


def _example(before: str, after: str) -> str:
    """The first word that changed, before and after."""
    for old, new in zip(before.split(), after.split(), strict=False):
        if old != new:
            return f'"{old[:40]}": "{new[:40]}"'
    return f'"{before[:40]}": "{after[:40]}"'


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
