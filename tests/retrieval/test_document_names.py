"""What a document is called, whatever the file was."""

from __future__ import annotations

import os
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from retrieval.corpus import Corpus
from retrieval.document_names import MOST_CHARACTERS, document_name

Write = Callable[[str, str | bytes], Path]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("a/tank.md", "a/tank.md"),
        ("caf\udce9.md", "café.md"),
        ("für/caf\udce9.md", "für/café.md"),
        (unicodedata.normalize("NFD", "für.md"), "für.md"),
        ("a\u202egpj.md", "a\ufffdgpj.md"),
        ("a\nb\x00.md", "a\ufffdb\ufffd.md"),
        ("می\u200cخواهم.pdf", "می\u200cخواهم.pdf"),
        ("x" * 500 + ".md", "..." + "x" * (MOST_CHARACTERS - 3) + ".md"),
    ],
)
def test_names_are_kept_readable(given: str, kept: str) -> None:
    assert document_name(given) == kept


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such a name")
def test_a_name_that_is_not_utf_8_does_not_end_the_upload(corpus: Corpus, write: Write) -> None:
    good = write("good.md", "Good words of the tank.")
    old = good.parent / os.fsdecode(b"caf\xe9.md")
    old.write_text("Old words of the pump.", encoding="utf-8")
    results = corpus.add([good, old])
    assert [(result.name, result.outcome) for result in results] == [
        ("good.md", "added"),
        ("café.md", "added"),
    ]
    assert corpus.text("café.md") == "Old words of the pump."
    (again,) = corpus.add([old])
    assert again.outcome == "unchanged"


def test_one_name_in_two_spellings_is_one_document(corpus: Corpus, tmp_path: Path) -> None:
    for form in ("NFC", "NFD"):
        (tmp_path / form).mkdir()
        path = tmp_path / form / unicodedata.normalize(form, "für.md")
        path.write_text(f"Words in {form}.", encoding="utf-8")
        corpus.add([path])
    (document,) = corpus.documents()
    assert (document.name, document.version) == ("für.md", 2)
