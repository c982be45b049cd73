"""Tables of PDF pages: rows name their columns where they can, text is never taken for one."""

from __future__ import annotations

from pathlib import Path

from retrieval.embedder import HashingEmbedder
from retrieval.loaders.formats import load
from retrieval.loaders.page_lines import Cell, Line
from retrieval.loaders.page_tables import with_tables
from retrieval.splitter import split

COLUMNS = (50.0, 150.0, 250.0, 350.0)


def row(*cells: str, at: tuple[float, ...] = COLUMNS) -> Line:
    placed = tuple(
        Cell(text, left, left + 5.0 * len(text))
        for text, left in zip(cells, at, strict=False)
        if text
    )
    return Line(" ".join(filter(None, cells)), 10.0, 0.0, placed)


def text(words: str) -> Line:
    return Line(words, 10.0, 0.0, (Cell(words, 50.0, 500.0),))


def test_rows_name_their_columns_and_gaps_stay_gaps() -> None:
    lines = [
        text("Prices of this year."),
        row("Model", "Colour", "Price"),
        row("A1", "green", "30"),
        row("B2", "", "45"),
        row("C3", "red", ""),
        text("All with tax."),
    ]
    assert list(with_tables(lines)) == [
        [lines[0]],
        "Model: A1; Colour: green; Price: 30\nModel: B2; Price: 45\nModel: C3; Colour: red",
        [lines[-1]],
    ]


def test_columns_without_a_header_stay_lines() -> None:
    lines = [row("A1", "30", "4.5"), row("B2", "45", "9.1"), row("C3", "70", "2.2")]
    assert list(with_tables(lines)) == ["A1 30 4.5\nB2 45 9.1\nC3 70 2.2"]


def test_what_is_no_table_is_left_alone() -> None:
    two_columns = [row("Width", "28 cm"), row("Depth", "44 cm"), row("Height", "37 cm")]
    short = [row("a", "b", "c"), row("d", "e", "f")]
    crossing = [row("a", "b", "c"), row("d", "e", "f"), row("g", "h", "i", at=(60.0, 70.0, 90.0))]
    prose = [text("One line of text."), text("Another line of text."), text("A third one.")]
    words = "five words of running text"
    newspaper = [row(words, words, words, at=(0.0, 200.0, 400.0))] * 5
    side_by_side = [row("x" * 90, "y" * 90, "z" * 90, at=(0.0, 500.0, 1000.0))] * 4
    for lines in (two_columns, short, crossing, prose, newspaper, side_by_side):
        assert list(with_tables(lines)) == [lines]


def test_a_real_table_keeps_its_header_in_every_passage(shared_data: Path) -> None:
    name = "SPARSE-2024-INV-1234_borderless_table.pdf"
    parsed = load(shared_data / "documents" / "markitdown" / name, name, 10**6)
    assert "Product Code: SKU-4563; Location: D-22; Actual: 156; Status: CRITICAL" in parsed.text
    holding = [p.text for p in split(parsed, HashingEmbedder()) if "SKU-2234" in p.text]
    assert holding and all("Product Code: SKU-2234; Category: Electronics" in t for t in holding)
