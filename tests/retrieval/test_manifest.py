"""Every real file of the shared data behaves as its manifest says, through the whole way in."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from retrieval.corpus import Corpus
from retrieval.embedder import HashingEmbedder

FOLDER = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "documents"
OCR = shutil.which("tesseract") is not None

# A phrase that stands in each file, or the sentence that refuses it.
WORDS = {
    "test.pdf": "Large language models (LLMs) are becoming a crucial building block",
    "test.docx": "AutoGen: Enabling Next-Gen LLM Applications",
    "test.pptx": "ColA: 1; ColB: 2; ColC: 3; ColD: 4; ColE: 5; ColF: 6",
    "test.xlsx": "Alpha: 89; Beta: 82; Gamma: 100; Delta: 12",
    "test.xls": "Alpha: 89; Beta: 82; Gamma: 100; Delta: 12",
    "test.epub": "This is a test paragraph with some formatting.",
    "test_with_comment.docx": "AutoGen: Enabling Next-Gen LLM Applications",
    "equations.docx": "For $m=1$",
    "rlink.docx": "Testing Linked Images",
    "test_wikipedia.html": "Microsoft was founded by Bill Gates and Paul Allen",
    "test_blog.html": "Large language models (LLMs) are powerful tools",
    "test_serp.html": "Microsoft",
    "test_rss.xml": "Ignite 2024: Why nearly 70% of the Fortune 500 now use Microsoft 365 Copilot",
    "test_mskanji.csv": "名前: 佐藤太郎; 年齢: 30; 住所: 東京",
    "test_outlook_msg.msg": "From: test.sender@example.com\nTo: test.recipient@example.com",
    "test.json": "uuid_value: 9700dc99-6685-40b4-9a3a-5e406dcb37f3",
    "REPAIR-2022-INV-001_multipage.pdf": "VIN 1C4RJFBG2NC123456",
    "SPARSE-2024-INV-1234_borderless_table.pdf": "Total Variance Cost: $4,287.50",
    "pdf_complex_layout.pdf": "Widget A 5",
    "docx_multipage.docx": "This is the first paragraph on page 1.",
    "pptx_complex_layout.pptx": "Our products lead the market",
    "xlsx_complex_layout.xlsx": "Month: Jan; Sales: 1000",
    "GeoTopo-komprimiert.pdf": "wurde im Wintersemester 2013/2014 von Martin Thoma geschrieben",
    "pdflatex-forms.pdf": "Submit",
    "mistitled_outlines_example.pdf": "Hello, here is some text without a meaning.",
    "habibi.pdf": "\u062d\u064e\u0628\u064a\u0628\u064a",
    "with-attachment.pdf": "no sea takimata sanctus est Lorem ipsum",
    "multicolumn.pdf": "consectetuer adipiscing elit",
}
RECOGNISED = {
    "MEDRPT-2024-PAT-3847_medical_report_scan.pdf": "CT Head without Contrast",
    "pdf_scanned_invoice.pdf": "INV-2024-001",
    "pdf_scanned_meeting_minutes.pdf": "MEETING",
}
REFUSED = {
    "random.bin": "not in a format that Duet reads",
    "unreadablemetadata.pdf": "is damaged and cannot be opened",
}
LOCKED = {"libreoffice-writer-password.pdf": ("openpassword", "Lorem ipsum dolor sit amet")}
ARCHIVES = {"test_files.zip": 7}


def rows() -> list[dict[str, str]]:
    if not FOLDER.is_dir():
        return []
    with (FOLDER / "MANIFEST.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


ROWS = rows()


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Corpus]:
    corpus = Corpus.open(tmp_path_factory.mktemp("corpus"), HashingEmbedder())
    yield corpus
    corpus.close()


def text_of(corpus: Corpus, path: Path, passwords: dict[str, str] | None = None) -> str:
    (result,) = corpus.add([path], passwords=passwords)
    assert result.document is not None, result.reason
    text = corpus.text(result.document.id)
    for passage in corpus.passages(result.document.id):
        assert passage.text == text[passage.start : passage.end]
    return text


def test_every_file_of_the_manifest_has_its_expectation() -> None:
    if not ROWS:
        pytest.skip("the shared data folder is not beside this checkout")
    names = {Path(row["file"]).name: row["kind"] for row in ROWS}
    assert set(names) == {*WORDS, *RECOGNISED, *REFUSED, *LOCKED, *ARCHIVES}
    assert {name for name, kind in names.items() if kind == "scan"} == set(RECOGNISED)
    assert {name for name, kind in names.items() if kind == "encrypted"} == set(LOCKED)


@pytest.mark.parametrize("file", [row["file"] for row in ROWS])
def test_a_file_is_as_its_manifest_says(file: str, corpus: Corpus) -> None:
    path = FOLDER / file
    name = path.name
    if name in WORDS:
        text = text_of(corpus, path)
        assert " ".join(WORDS[name].split()) in " ".join(text.split())
    elif name in RECOGNISED and OCR:
        assert RECOGNISED[name] in text_of(corpus, path)
    elif name in LOCKED:
        password, words = LOCKED[name]
        (asked,) = corpus.add([path])
        assert asked.outcome == "failed" and asked.needs_password
        (wrong,) = corpus.add([path], passwords={name: "guess"})
        assert wrong.needs_password and wrong.reason != asked.reason
        assert words in text_of(corpus, path, {name: password})
    elif name in ARCHIVES:
        results = corpus.add([path])
        assert len(results) == ARCHIVES[name]
        failed = [result.name for result in results if result.outcome == "failed"]
        assert failed == ["test_files.zip/test.jpg"]  # pictures by themselves are not read
    else:
        (result,) = corpus.add([path])
        expected = REFUSED.get(name, "install Tesseract")
        assert result.outcome == "failed" and not result.needs_password
        assert expected in result.reason and name in result.reason


def test_all_at_once_the_counts_add_up(tmp_path: Path) -> None:
    if not ROWS:
        pytest.skip("the shared data folder is not beside this checkout")
    corpus = Corpus.open(tmp_path / "corpus", HashingEmbedder())
    light = [FOLDER / row["file"] for row in ROWS if row["kind"] in ("encoding", "not a document")]
    paths = [*light, FOLDER / "markitdown" / "test.json", light[0], FOLDER / "no such file.txt"]
    results = corpus.add(paths)
    outcomes = [result.outcome for result in results]
    assert outcomes == ["added", "failed", "added", "failed"]  # one path came twice: one file
    assert all(result.reason for result in results if result.outcome == "failed")
    again = corpus.add(paths)
    assert [result.outcome for result in again] == ["unchanged", "failed", "unchanged", "failed"]
    assert len(corpus.documents()) == 2
    corpus.close()
