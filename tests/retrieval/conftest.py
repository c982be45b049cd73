"""Corpora over the shipped fake embedder, and files made on the spot."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from retrieval.corpus import Corpus
from retrieval.embedder import HashingEmbedder

WORD_NAMESPACE = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


@pytest.fixture
def embedder() -> HashingEmbedder:
    return HashingEmbedder()


@pytest.fixture
def corpus(tmp_path: Path, embedder: HashingEmbedder) -> Iterator[Corpus]:
    """An empty corpus."""
    corpus = Corpus.open(tmp_path / "corpus", embedder)
    yield corpus
    corpus.close()


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str | bytes], Path]:
    """Writes a file under `uploads/` and returns its path."""

    def written(name: str, content: str | bytes) -> Path:
        path = tmp_path / "uploads" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        return path

    return written


@pytest.fixture(scope="session")
def shared_data_or_none() -> Path | None:
    """As `shared_data`, for fixtures that outlive one test."""
    folder = Path(__file__).resolve().parents[2].parent / "shared" / "data"
    return folder if folder.is_dir() else None


@pytest.fixture
def make_docx(tmp_path: Path) -> Callable[..., Path]:
    """Makes a Word file of paragraphs; `extra` are further entries of its package."""

    def made(name: str, paragraphs: Sequence[str], extra: dict[str, bytes] | None = None) -> Path:
        path = tmp_path / name
        body = "".join(f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>" for text in paragraphs)
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
            package.writestr(
                "[Content_Types].xml",
                '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
                '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.'
                'relationships+xml"/><Override PartName="/word/document.xml" ContentType='
                '"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"'
                "/></Types>",
            )
            package.writestr(
                "_rels/.rels",
                '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"'
                '><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/'
                'relationships/officeDocument" Target="word/document.xml"/></Relationships>',
            )
            package.writestr(
                "word/document.xml",
                f'<w:document xmlns:w="{WORD_NAMESPACE}"><w:body>{body}</w:body></w:document>',
            )
            for entry, data in (extra or {}).items():
                package.writestr(entry, data)
        return path

    return made


@pytest.fixture
def make_pdf(tmp_path: Path) -> Callable[[str, Sequence[Sequence[tuple[int, str]]]], Path]:
    """Makes a PDF of pages, each of lines with their letter size in points."""

    def made(name: str, pages: Sequence[Sequence[tuple[int, str]]]) -> Path:
        kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(len(pages)))
        objects = [
            "<< /Type /Catalog /Pages 2 0 R >>",
            f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
            "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        ]
        for number, lines in enumerate(pages):
            shown = "".join(
                f"BT /F1 {size} Tf 40 {780 - 24 * row} Td ({text}) Tj ET\n"
                for row, (size, text) in enumerate(lines)
            )
            objects.append(
                "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 820] /Resources << /Font << /F1 "
                f"3 0 R >> >> /Contents {5 + 2 * number} 0 R >>"
            )
            objects.append(f"<< /Length {len(shown)} >>\nstream\n{shown}endstream")
        path = tmp_path / name
        path.write_bytes(_pdf(objects))
        return path

    return made


def _pdf(objects: Sequence[str]) -> bytes:
    out = b"%PDF-1.4\n"
    places = []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n{content}\nendobj\n".encode("latin-1")
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    return out + (
        f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}trailer\n<< /Size "
        f"{len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(out)}\n%%EOF"
    ).encode("latin-1")
