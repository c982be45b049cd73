"""DOCX through markitdown, by way of Markdown."""

from __future__ import annotations

import functools
import io
import zipfile
from pathlib import Path
from typing import Any

from retrieval.errors import EncryptedDocument, OversizedDocument, UnreadableDocument
from retrieval.loaders.markdown import parse_markdown
from retrieval.loaders.parsed import Parsed

_OLE_SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED_PACKAGE = "EncryptedPackage".encode("utf-16-le")
_UNPACKED_BYTES = 200 * 1024 * 1024
_ENTRIES = 10_000


def read_docx(path: Path, name: str) -> Parsed:
    """A Word file. Raises EncryptedDocument, OversizedDocument for bombs, UnreadableDocument."""
    data = path.read_bytes()
    if data.startswith(_OLE_SIGNATURE):
        if _ENCRYPTED_PACKAGE in data:
            raise EncryptedDocument(
                f"{name} asks for a password: save a copy without one and add that."
            )
        raise UnreadableDocument(
            f"{name} is in the old Word format: open it in a word processor and save it as DOCX."
        )
    _check_package(data, name)
    from markitdown import MarkItDownException, StreamInfo

    try:
        result = _converter().convert_stream(
            io.BytesIO(data), stream_info=StreamInfo(extension=".docx")
        )
    except MarkItDownException as error:
        raise _damaged(name) from error
    return parse_markdown(result.markdown)


def _check_package(data: bytes, name: str) -> None:
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
        raise EncryptedDocument(
            f"{name} asks for a password: save a copy without one and add that."
        )
    if not any(entry.filename == "word/document.xml" for entry in entries):
        raise UnreadableDocument(
            f"{name} is not a Word document inside: add the original document."
        )


def _damaged(name: str) -> UnreadableDocument:
    return UnreadableDocument(
        f"{name} is damaged and cannot be opened: open it in a word processor and save it again."
    )


@functools.cache
def _converter() -> Any:
    """markitdown takes seconds to import, so it is loaded for the first DOCX only."""
    from markitdown import MarkItDown

    return MarkItDown(enable_plugins=False)
