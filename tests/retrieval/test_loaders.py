"""Each format as plain text with headings, pages and readable table rows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from retrieval.errors import UnreadableDocument
from retrieval.loaders.formats import load
from retrieval.loaders.markdown import inline, parse_markdown
from retrieval.loaders.parsed import Parsed
from retrieval.loaders.web import parse_html

Write = Callable[[str, str | bytes], Path]


def read(path: Path) -> Parsed:
    return load(path, path.name, text_characters=1_000_000)


def stretches(parsed: Parsed) -> list[tuple[tuple[str, ...], str]]:
    """Heading path and text of every block that is not a heading."""
    return [
        (block.heading_path, parsed.text[block.start : block.end])
        for block in parsed.blocks
        if block.kind != "heading"
    ]


def test_text_paragraphs_are_unwrapped_and_lists_stay_lines(write: Write) -> None:
    path = write(
        "a.txt",
        "A long first line of some prose, wrapped by\nhand at the fiftieth column or so.\n"
        "\n- one\n- two\n",
    )
    assert stretches(read(path)) == [
        (
            (),
            "A long first line of some prose, wrapped by hand at the fiftieth column or so.",
        ),
        ((), "- one\n- two"),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252"])
def test_text_encodings(write: Write, encoding: str) -> None:
    text = "Die Größe der Tür beträgt für alle Räume zwei Meter und fünfzig Zentimeter."
    assert read(write("a.txt", text.encode(encoding))).text == text


def test_a_guessed_encoding_is_a_warning(write: Write) -> None:
    parsed = read(write("a.txt", "Die Größe der Tür beträgt zwei Meter für alle.".encode("cp1252")))
    assert "encoding" in parsed.warnings[0]


def test_markdown_headings_nest_and_close() -> None:
    parsed = parse_markdown("# A\none\n## B\ntwo\n### C\nthree\n## D\nfour\n\nE\n=\nfive\n")
    assert stretches(parsed) == [
        (("A",), "one"),
        (("A", "B"), "two"),
        (("A", "B", "C"), "three"),
        (("A", "D"), "four"),
        (("E",), "five"),
    ]


def test_markdown_table_rows_name_their_columns() -> None:
    parsed = parse_markdown(
        "| Model | Price |\n|---|:-:|\n| A1 | **30** EUR |\n| B2 | 40 \\| 50 |\n"
    )
    assert parsed.text == "Model: A1; Price: 30 EUR\nModel: B2; Price: 40 | 50"


def test_markdown_table_with_an_empty_header_takes_its_first_row() -> None:
    parsed = parse_markdown("|  |  |\n|---|---|\n| Item | Quantity |\n| Widget | 5 |\n")
    assert parsed.text == "Item: Widget; Quantity: 5"


def test_markdown_list_of_names_and_values_has_no_header() -> None:
    parsed = parse_markdown("|  |  |\n|---|---|\n| Weight | 12 kg |\n| Height | 40 cm |\n")
    assert parsed.text == "Weight; 12 kg\nHeight; 40 cm"


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (
            "**bold** and *thin* and __both__ of_these_words",
            "bold and thin and both of_these_words",
        ),
        ("a [link](https://example.org/x_(y)) here", "a link here"),
        ("![a heron](https://example.org/track.png)", "a heron"),
        ("2 \\* 3 \\* 4 = `2*3*4`", "2 * 3 * 4 = 2*3*4"),
        ("1 &lt; 2 &amp; <b>so</b> <your-name>", "1 < 2 & so <your-name>"),
        ("5 * 4 * 3", "5 * 4 * 3"),
    ],
)
def test_markdown_marks_go_and_text_stays(source: str, text: str) -> None:
    assert inline(source) == text


def test_markdown_scripts_comments_and_front_matter_are_not_text() -> None:
    parsed = parse_markdown(
        "---\ntitle: x\n---\n<!-- hidden -->\nSeen.\n\n<script>alert('no')</script>\n"
    )
    assert parsed.text == "Seen."


def test_markdown_code_stays_as_it_is() -> None:
    parsed = parse_markdown("```python\nx = a * b * c\n\n# not a heading\n```\n")
    assert parsed.text == "x = a * b * c\n\n# not a heading"


def test_html_is_what_a_reader_sees() -> None:
    parsed = parse_html(
        "<html><head><title>T</title><style>p{}</style></head><body><nav>Menu</nav>"
        "<h1>Title</h1><p>One <b>two</b><br>three</p><script>alert(1)</script>"
        "<div hidden>secret</div><ul><li>a</li><li>b <i>c</i></li></ul>"
        "<h2>Prices</h2><table><tr><th>Model</th><th>Price</th></tr>"
        "<tr><td>A1</td><td>30</td></tr></table><pre>x\n  y</pre></body></html>",
        "page.html",
    )
    assert stretches(parsed) == [
        (("Title",), "One two\nthree"),
        (("Title",), "- a\n- b c"),
        (("Title", "Prices"), "Model: A1; Price: 30"),
        (("Title", "Prices"), "x\n  y"),
    ]


def test_html_title_stands_in_for_a_missing_h1() -> None:
    parsed = parse_html("<title>Guide</title><p>Text.</p>", "page.html")
    assert stretches(parsed) == [(("Guide",), "Text.")]


def test_html_nested_a_thousand_deep_is_read(write: Write) -> None:
    deep = "<div>" * 1000 + "bottom" + "</div>" * 1000
    assert read(write("deep.html", deep)).text == "bottom"


def test_html_nested_too_deep_is_not_read_in_part(write: Write) -> None:
    deep = "<p>top</p>" + "<div>" * 100_000 + "bottom" + "</div>" * 100_000
    with pytest.raises(UnreadableDocument, match=r"deep\.html nests"):
        read(write("deep.html", deep))


def test_html_declares_its_encoding(write: Write) -> None:
    page = '<meta charset="iso-8859-2"><p>Zażółć gęślą jaźń</p>'
    assert read(write("a.html", page.encode("iso-8859-2"))).text == "Zażółć gęślą jaźń"


def test_csv_rows_name_their_columns(write: Write) -> None:
    parsed = read(write("a.csv", 'Model;Price;Note\nA1;30;"two\nlines"\nB2;;none\n'))
    assert parsed.text == "Model: A1; Price: 30; Note: two lines\nModel: B2; Note: none"


def test_pdf_has_pages_and_headings_by_size(
    make_pdf: Callable[..., Path],
) -> None:
    body = [(10, "The tank holds two litres of water when it is full to the upper line.")] * 4
    path = make_pdf(
        "a.pdf",
        [[(22, "User manual"), (16, "Water tank"), *body], [(16, "Steam"), *body]],
    )
    parsed = read(path)
    paths = [(block.heading_path, block.page) for block in parsed.blocks if block.kind == "prose"]
    assert parsed.pages == 2
    assert paths[0] == (("User manual", "Water tank"), 1)
    assert paths[-1] == (("User manual", "Steam"), 2)


def test_pdf_running_heads_are_left_out(make_pdf: Callable[..., Path]) -> None:
    pages = [
        [
            (9, f"Aurora manual, page {number}"),
            (10, f"Text {number} of the page as it is written."),
            (10, f"It ends with {'more ' * number}words."),
        ]
        for number in range(1, 5)
    ]
    parsed = read(make_pdf("a.pdf", pages))
    assert "Aurora manual" not in parsed.text
    assert "Text 3 of the page" in parsed.text


def test_docx_by_way_of_markdown(make_docx: Callable[..., Path]) -> None:
    parsed = read(make_docx("a.docx", ["The tank holds two litres.", "A &lt;tag&gt; and 2 * 3."]))
    assert parsed.text == "The tank holds two litres.\n\nA <tag> and 2 * 3."
