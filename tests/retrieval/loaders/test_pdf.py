"""PDF: passwords, scans with and without Tesseract, order of reading, cleaning."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from retrieval.errors import EmptyDocument, PasswordNeeded, UnreadableDocument
from retrieval.loaders.formats import load
from retrieval.loaders.opening import Opening
from retrieval.loaders.parsed import Parsed

MakePdf = Callable[[str, Sequence[Sequence[tuple[int, str]]]], Path]

needs_tesseract = pytest.mark.skipif(
    shutil.which("tesseract") is None, reason="Tesseract is not installed"
)


def read(path: Path, *passwords: str) -> Parsed:
    return load(path, path.name, 1_000_000, Opening(passwords))


@pytest.fixture
def scan(shared_data: Path) -> Path:
    return shared_data / "documents" / "markitdown" / "MEDRPT-2024-PAT-3847_medical_report_scan.pdf"


@pytest.fixture
def samples(shared_data: Path) -> Path:
    return shared_data / "documents" / "pypdf_sample_files"


@pytest.mark.slow  # recognises whole pages
@needs_tesseract
def test_scanned_pages_are_recognised_and_named(scan: Path) -> None:
    worked: list[None] = []
    parsed = load(scan, scan.name, 1_000_000, Opening(working=lambda: worked.append(None)))
    assert "CT Head without Contrast" in parsed.text and parsed.pages == 3
    assert any("(OCR)" in told and "pages 1-3" in told for told in parsed.warnings)
    assert {block.page for block in parsed.blocks} == {1, 2, 3}
    assert len(worked) >= 3  # each page begins the time limit anew


def test_a_scan_without_tesseract_is_told_what_to_do(
    scan: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(EmptyDocument, match=r"only pictures of its pages \(3 pages\).*Tesseract"):
        read(scan)


def test_a_recognition_that_takes_too_long_is_told(
    scan: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    slow = tmp_path / "tesseract"
    slow.write_text("#!/bin/sh\nsleep 5\n", encoding="ascii")
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    with pytest.raises(EmptyDocument, match="text recognition found no text"):
        load(scan, scan.name, 1_000_000, Opening(ocr_seconds=0.05))


def test_pages_without_text_among_others_are_named(
    make_pdf: MakePdf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    path = make_pdf("a.pdf", [[(10, "The tank holds two litres of water.")], [(10, ".")], []])
    parsed = read(path)
    (told,) = parsed.warnings
    assert "page 2;" in told and "Tesseract" in told  # page 3 is empty: nothing is missing
    assert parsed.pages == 3


def test_a_password(samples: Path) -> None:
    path = samples / "libreoffice-writer-password.pdf"
    with pytest.raises(PasswordNeeded, match="asks for a password"):
        read(path)
    with pytest.raises(PasswordNeeded, match="does not open with the password given"):
        read(path, "guess")
    assert "Lorem ipsum" in read(path, "guess", "openpassword").text


def test_arabic_is_in_the_order_of_reading(samples: Path) -> None:
    text = read(samples / "habibi.pdf").text
    assert "\u062d\u064e\u0628\u064a\u0628\u064a" in text and "habibi" in text


def test_two_columns_are_read_one_after_the_other(samples: Path) -> None:
    text = " ".join(read(samples / "multicolumn.pdf").text.split())
    assert "consectetuer adipiscing elit. Ut purus elit, vestibulum ut, placerat ac" in text


def test_chapter_heads_of_a_book_go_and_its_headings_stay(samples: Path) -> None:
    parsed = read(samples / "GeoTopo-komprimiert.pdf")
    assert "1.6. WEGE UND KNOTEN" not in parsed.text
    headings = {block.heading_path[-1] for block in parsed.blocks if block.kind == "heading"}
    assert any("Topologische Räume" in heading for heading in headings)
    assert "Widerspruch" in parsed.text and "\ufffe" not in parsed.text
    assert any("edges of pages" in told for told in parsed.warnings)


def test_what_is_no_pdf_and_what_is_damaged(tmp_path: Path, samples: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(b"plain words")
    with pytest.raises(UnreadableDocument, match="not a PDF inside"):
        read(path)
    path.write_bytes(b"%PDF-1.7\nnothing more")
    with pytest.raises(UnreadableDocument, match=r"a\.pdf is damaged"):
        read(path)
