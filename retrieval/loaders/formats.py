"""Which endings Duet reads, and the loader of each."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from retrieval.errors import EmptyDocument, OversizedDocument, UnsupportedFormat
from retrieval.loaders.parsed import Parsed

# Modules are named, not imported: a batch of Markdown never pays for a PDF or Word reader.
_LOADERS = {
    ".txt": ("text", "read_text"),
    ".md": ("markdown", "read_markdown"),
    ".markdown": ("markdown", "read_markdown"),
    ".html": ("web", "read_html"),
    ".htm": ("web", "read_html"),
    ".pdf": ("pdf", "read_pdf"),
    ".docx": ("word", "read_docx"),
    ".csv": ("table", "read_csv"),
}
SUFFIXES = frozenset(_LOADERS)


def check_suffix(name: str) -> str:
    """The ending of a file name in lower case. Raises UnsupportedFormat where none reads it."""
    suffix = PurePosixPath(name).suffix.lower()
    if suffix not in _LOADERS:
        raise UnsupportedFormat(
            f"{name} is not in a format that Duet reads: add it as txt, md, html, pdf, docx or csv."
        )
    return suffix


def load(path: Path, name: str, text_characters: int) -> Parsed:
    """Parse the file at `path` by the ending of `name`.

    Raises the errors of `retrieval.errors.DocumentError`; anything else is a defect of a reader
    and is for the caller to map.
    """
    module, function = _LOADERS[check_suffix(name)]
    loader: Callable[[Path, str], Parsed] = getattr(
        importlib.import_module(f"retrieval.loaders.{module}"), function
    )
    parsed = loader(path, name)
    if not any(character.isalnum() for character in parsed.text):
        raise EmptyDocument(f"{name} holds no text: add a file with words in it.")
    if len(parsed.text) > text_characters:
        raise OversizedDocument(
            f"{name} holds {len(parsed.text):,} characters of text, more than the limit of "
            f"{text_characters:,}: split it into smaller files."
        )
    return parsed
