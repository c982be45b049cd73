"""One list of formats: the drop zone, the README and the documentation follow it."""

from __future__ import annotations

from pathlib import Path

import pytest

from retrieval.errors import UnsupportedFormat
from retrieval.loaders.formats import (
    FORMATS,
    FORMATS_LINE,
    check_suffix,
    is_archive,
    is_light,
)

ROOT = Path(__file__).resolve().parents[3]
ISSUE = "txt md rst html pdf docx pptx xlsx csv tsv json jsonl epub eml py zip"


def one_line(path: str) -> str:
    return " ".join((ROOT / path).read_text("utf-8").split())


@pytest.mark.parametrize("path", ["README.md", "docs/documents.md"])
def test_where_people_read_the_list(path: str) -> None:
    assert FORMATS_LINE in one_line(path)


@pytest.mark.parametrize("ending", ISSUE.split())
def test_every_format_that_was_promised(ending: str) -> None:
    assert check_suffix(f"A FILE.{ending.upper()}") == f".{ending}"


def test_no_ending_has_two_loaders_and_every_loader_is_there() -> None:
    endings = [suffix for form in FORMATS for suffix in form.suffixes]
    assert len(endings) == len(set(endings))
    for form in FORMATS:
        assert (ROOT / "retrieval" / "loaders" / f"{form.loader[0]}.py").is_file()


@pytest.mark.parametrize("name", ["a.exe", "a", "a.bin", ".zip.", "a.tar.gz", "a.doc"])
def test_what_nobody_reads(name: str) -> None:
    with pytest.raises(UnsupportedFormat, match="not in a format that Duet reads"):
        check_suffix(name)


def test_files_known_by_name() -> None:
    assert check_suffix("in/README") == ".txt"
    assert check_suffix("Makefile") == ".sh"


def test_archives_and_light_files() -> None:
    assert is_archive("A.ZIP") and not is_archive("a.zip/b.md")
    assert is_light("a.md") and is_light("README") and not is_light("a.pdf")
