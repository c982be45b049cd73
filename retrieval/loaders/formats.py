"""Which formats Duet reads, by the ending of the name, and the loader of each.

The one place for them: the drop zone, the sentences of refusal and the documentation follow it.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from retrieval.errors import EmptyDocument, OversizedDocument, UnsupportedFormat
from retrieval.loaders.opening import Opening
from retrieval.loaders.parsed import Parsed


@dataclass(frozen=True, slots=True)
class Format:
    """A group of endings that one loader reads.

    label: for lists that people read. loader: module and function; modules are named, not imported,
    so that a batch of Markdown never pays for a PDF or Word reader. light: whether reading one is
    cheap, so that a second process for it would cost more than it brings.
    """

    label: str
    suffixes: tuple[str, ...]
    loader: tuple[str, str]
    light: bool = False


ARCHIVE_SUFFIX = ".zip"

_CODE = tuple(
    f".{ending}"
    for ending in (
        "py pyi js mjs cjs jsx ts tsx java kt kts scala c h cc cpp cxx hpp cs go rs swift rb php "
        "pl lua r jl sh bash zsh ps1 bat sql yaml yml toml ini cfg conf properties env css scss "
        "less vue svelte dart ex exs erl hs clj groovy gradle tf proto graphql cmake tex m"
    ).split()
)
FORMATS = (
    Format("txt", (".txt", ".text", ".log"), ("text", "read_text"), light=True),
    Format("md", (".md", ".markdown"), ("markdown", "read_markdown"), light=True),
    Format("rst", (".rst",), ("rst", "read_rst")),
    Format("html", (".html", ".htm", ".xhtml"), ("web", "read_html")),
    Format("pdf", (".pdf",), ("pdf", "read_pdf")),
    Format("docx", (".docx",), ("office", "read_docx")),
    Format("pptx", (".pptx",), ("office", "read_pptx")),
    Format("xlsx", (".xlsx", ".xlsm"), ("sheets", "read_xlsx")),
    Format("xls", (".xls",), ("sheets", "read_xls")),
    Format("csv", (".csv",), ("table", "read_csv"), light=True),
    Format("tsv", (".tsv", ".tab"), ("table", "read_csv"), light=True),
    Format("json", (".json",), ("structured", "read_json"), light=True),
    Format("jsonl", (".jsonl", ".ndjson"), ("structured", "read_jsonl"), light=True),
    Format("xml", (".xml", ".rss", ".atom"), ("feed", "read_xml")),
    Format("epub", (".epub",), ("book", "read_epub")),
    Format("eml", (".eml",), ("mail", "read_eml")),
    Format("msg", (".msg",), ("mail", "read_msg")),
    Format("code files", _CODE, ("code", "read_code"), light=True),
)
# Files that have a name instead of an ending.
_NAMES = {
    "readme": ".txt",
    "license": ".txt",
    "changelog": ".txt",
    "makefile": ".sh",
    "dockerfile": ".sh",
}
_BY_SUFFIX = {suffix: form for form in FORMATS for suffix in form.suffixes}
SUFFIXES = frozenset((*_BY_SUFFIX, ARCHIVE_SUFFIX))
FORMATS_LINE = ", ".join(form.label for form in FORMATS) + ", and zip of these"


def check_suffix(name: str) -> str:
    """The ending of a file name in lower case. Raises UnsupportedFormat where none reads it."""
    place = PurePosixPath(name)
    suffix = _NAMES.get(place.name.lower(), place.suffix.lower())
    if suffix not in SUFFIXES:
        raise UnsupportedFormat(
            f"{name} is not in a format that Duet reads: add it as {FORMATS_LINE}."
        )
    return suffix


def is_archive(name: str) -> bool:
    """Whether the file is one whose members are documents."""
    return PurePosixPath(name).suffix.lower() == ARCHIVE_SUFFIX


def is_light(name: str) -> bool:
    """Whether reading a file of that name is cheap."""
    form = _BY_SUFFIX.get(PurePosixPath(name).suffix.lower())
    return form is None or form.light


def load(path: Path, name: str, text_characters: int, opening: Opening | None = None) -> Parsed:
    """Parse the file at `path` by the ending of `name`.

    An archive has members instead of text: see `retrieval.loaders.archive`. Raises the errors of
    `retrieval.errors.DocumentError`; anything else is a defect of a reader and is for the caller
    to map.
    """
    if is_archive(name):
        raise UnsupportedFormat(f"{name} is an archive: its files are documents, it is none.")
    module, function = _BY_SUFFIX[check_suffix(name)].loader
    loader: Callable[[Path, str, Opening], Parsed] = getattr(
        importlib.import_module(f"retrieval.loaders.{module}"), function
    )
    parsed = loader(path, name, opening or Opening())
    if not any(character.isalnum() for character in parsed.text):
        raise EmptyDocument(f"{name} holds no text: add a file with words in it.")
    if len(parsed.text) > text_characters:
        raise OversizedDocument(
            f"{name} holds {len(parsed.text):,} characters of text, more than the limit of "
            f"{text_characters:,}: split it into smaller files."
        )
    return parsed
