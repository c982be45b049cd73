"""Word and PowerPoint files through markitdown, by way of Markdown."""

from __future__ import annotations

import functools
import io
import re
import zipfile
from pathlib import Path
from typing import Any

from retrieval.errors import EncryptedDocument, OversizedDocument, UnreadableDocument
from retrieval.loaders.markdown import add_markdown, parse_markdown
from retrieval.loaders.opening import Opening
from retrieval.loaders.parsed import Parsed, TextBuilder

_OLE_SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED_PACKAGE = "EncryptedPackage".encode("utf-16-le")
_UNPACKED_BYTES = 200 * 1024 * 1024
_ENTRIES = 10_000
_SLIDE = re.compile(r"^<!-- Slide number: (\d+) -->[ \t]*$", re.MULTILINE)
_SLIDE_TITLE = re.compile(r"\A\s*# (.*)$", re.MULTILINE)
_PICTURE = re.compile(r"!\[([^\]]*)\]\([^()\s]*\)")
_FILE_NAME = re.compile(r"[\w .()-]{1,120}\.(?:png|jpe?g|gif|bmp|tiff?|emf|wmf|svg)", re.IGNORECASE)


def read_docx(path: Path, name: str, _: Opening) -> Parsed:
    """A Word file. Raises EncryptedDocument, OversizedDocument for bombs, UnreadableDocument."""
    data = path.read_bytes()
    check_package(data, name, "Word", "DOCX", "word/document.xml")
    return parse_markdown(converted(data, ".docx", name))


def read_pptx(path: Path, name: str, _: Opening) -> Parsed:
    """A PowerPoint file: a section and a page for each slide. Raises as `read_docx` does."""
    data = path.read_bytes()
    check_package(data, name, "PowerPoint", "PPTX", "ppt/presentation.xml")
    parts = _SLIDE.split(converted(data, ".pptx", name))
    builder = TextBuilder()
    for number, source in zip(parts[1::2], parts[2::2], strict=True):
        builder.page = int(number)
        title = _SLIDE_TITLE.match(source)
        shown = f"Slide {number}: {title[1]}" if title and title[1].strip() else f"Slide {number}"
        builder.heading(shown, 1)
        source = source[title.end() :] if title else source
        source = source.replace("### Notes:", "## Notes").replace("### Chart", "## Chart")
        add_markdown(builder, _PICTURE.sub(_description, source), within=1)
    return builder.parsed(pages=len(parts) // 2)


def converted(data: bytes, suffix: str, name: str) -> str:
    """The Markdown of an office file. Raises UnreadableDocument."""
    from markitdown import MarkItDownException, StreamInfo

    try:
        result = _converter().convert_stream(
            io.BytesIO(data), stream_info=StreamInfo(extension=suffix)
        )
    except MarkItDownException as error:
        raise _damaged(name) from error
    return str(result.markdown)


def check_package(data: bytes, name: str, program: str, wanted: str, main_part: str) -> None:
    """Refuse what is not an office file of that kind, is locked, or unpacks to too much.

    Raises EncryptedDocument, OversizedDocument or UnreadableDocument.
    """
    if data.startswith(_OLE_SIGNATURE):
        if _ENCRYPTED_PACKAGE in data:
            raise _locked(name)
        raise UnreadableDocument(
            f"{name} is in the old {program} format: open it in its program and save it as "
            f"{wanted}."
        )
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            entries = package.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise _damaged(name) from error
    if len(entries) > _ENTRIES or sum(entry.file_size for entry in entries) > _UNPACKED_BYTES:
        raise OversizedDocument(
            f"{name} unpacks to more than {_UNPACKED_BYTES // 2**20} MiB, as a harmful file does: "
            "it was not opened."
        )
    if any(entry.flag_bits & 1 for entry in entries):
        raise _locked(name)
    if not any(entry.filename == main_part for entry in entries):
        raise UnreadableDocument(
            f"{name} is not a {program} document inside: add the original document."
        )


def _locked(name: str) -> EncryptedDocument:
    return EncryptedDocument(
        f"{name} is locked with a password, which is not read in office files: save a copy without "
        "one and add that."
    )


def _damaged(name: str) -> UnreadableDocument:
    return UnreadableDocument(
        f"{name} is damaged and cannot be opened: open it in its own program and save it again."
    )


def _description(picture: re.Match[str]) -> str:
    """What was written about a picture; the name of its file says nothing."""
    words = picture[1].strip()
    return "" if _FILE_NAME.fullmatch(words) else words


@functools.cache
def _converter() -> Any:
    """markitdown takes seconds to import, so it is loaded for the first office file only."""
    from markitdown import MarkItDown

    return MarkItDown(enable_plugins=False)
