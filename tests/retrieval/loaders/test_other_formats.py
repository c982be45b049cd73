"""rst, spreadsheets, JSON, XML, books, mail, slides and code, each as text with its structure."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from retrieval.embedder import HashingEmbedder
from retrieval.errors import EmptyDocument, EncryptedDocument, UnreadableDocument
from retrieval.loaders.formats import load
from retrieval.loaders.parsed import Parsed
from retrieval.splitter import split

Write = Callable[[str, str | bytes], Path]


def read(path: Path) -> Parsed:
    parsed = load(path, path.name, text_characters=10_000_000)
    for block in parsed.blocks:
        assert parsed.text[block.start : block.end].strip()
    return parsed


def stretches(parsed: Parsed) -> list[tuple[tuple[str, ...], str]]:
    return [
        (block.heading_path, parsed.text[block.start : block.end])
        for block in parsed.blocks
        if block.kind != "heading"
    ]


def workbook(**sheets: list[list[Any]]) -> bytes:
    from openpyxl import Workbook  # type: ignore[import-untyped]

    book = Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


# reStructuredText


def test_rst_headings_lists_tables_and_code(write: Write) -> None:
    source = """
Kettle
======

The *tank* holds ``two`` litres; see :ref:`the lamp <lamp>` and `the site <https://x.example>`_.

Parts
-----

- lid
- base

  - screw

==== =====
Part Price
==== =====
Lid  4
Base 9
==== =====

.. code-block:: python

    x = 1
        y = 2

.. note:: Steam is hot.

.. versionadded:: 2.0
   The lamp is new.
"""
    assert stretches(read(write("a.rst", source))) == [
        (("Kettle",), "The tank holds two litres; see the lamp and the site."),
        (("Kettle", "Parts"), "- lid\n- base\n  - screw"),
        (("Kettle", "Parts"), "Part: Lid; Price: 4\nPart: Base; Price: 9"),
        (("Kettle", "Parts"), "x = 1\n    y = 2"),
        (("Kettle", "Parts"), "Steam is hot."),
        (("Kettle", "Parts"), "2.0\nThe lamp is new."),
    ]


def test_rst_includes_and_runs_nothing(write: Write) -> None:
    secret = write("secret.txt", "a secret of this machine")
    source = (
        f"Words.\n\n.. include:: {secret}\n\n.. raw:: html\n   :file: {secret}\n\n"
        f".. csv-table::\n   :file: {secret}\n\n.. literalinclude:: {secret}\n"
    )
    assert "a secret of" not in read(write("a.rst", source)).text


# Spreadsheets


def test_sheets_become_sections_and_rows_name_their_columns(write: Write) -> None:
    data = workbook(
        Prices=[
            ["Price list 2024"],
            ["Model", "Price", "Since", "Note"],
            ["A1", 30.0, date(2024, 5, 1), "N/A"],
            ["B2", None, datetime(2024, 5, 2, 8, 30), "None"],
            [],
            ["Weight", "12 kg"],
            ["Height", "40 cm"],
        ],
        Empty=[],
    )
    assert stretches(read(write("a.xlsx", data))) == [
        (("Prices",), "Price list 2024"),
        (
            ("Prices",),
            "Model: A1; Price: 30; Since: 2024-05-01; Note: N/A\n"
            "Model: B2; Since: 2024-05-02 08:30:00; Note: None",
        ),
        (("Prices",), "Weight; 12 kg\nHeight; 40 cm"),
    ]


def test_percentages_are_as_they_are_shown(write: Write) -> None:
    from openpyxl import load_workbook

    book = load_workbook(io.BytesIO(workbook(S=[["Tax", "Share"], ["VAT", 0.19]])))
    book["S"]["B2"].number_format = "0%"
    path = write("a.xlsx", b"")
    book.save(path)
    assert read(path).text == "S\n\nTax: VAT; Share: 19%"


def test_an_empty_workbook_and_what_is_none(write: Write) -> None:
    with pytest.raises(EmptyDocument):
        read(write("a.xlsx", workbook(S=[])))
    with pytest.raises(UnreadableDocument, match=r"b\.xlsx is damaged"):
        read(write("b.xlsx", "plain"))
    with pytest.raises(UnreadableDocument, match=r"c\.xls is not an Excel workbook"):
        read(write("c.xls", "plain"))
    with pytest.raises(EncryptedDocument, match="password"):
        locked = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le")
        read(write("d.xlsx", locked))


@pytest.mark.parametrize("name", ["a.xlsx", "a.csv", "a.tsv", "a.html", "a.md", "a.rst"])
def test_every_passage_cut_from_a_table_has_the_header(write: Write, name: str) -> None:
    rows = [["Model", "Colour", "Price"]]
    rows += [[f"K{n}", f"shade {n} of green", f"{n}.50 EUR"] for n in range(200)]
    ending = name.partition(".")[2]
    made: dict[str, Callable[[], str | bytes]] = {
        "xlsx": lambda: workbook(S=rows),
        "csv": lambda: "\n".join(",".join(row) for row in rows),
        "tsv": lambda: "\n".join("\t".join(row) for row in rows),
        "html": lambda: (
            "<table>"
            + "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
            + "</table>"
        ),
        "md": lambda: "\n".join(
            f"| {' | '.join(row)} |" for row in [rows[0], ["---"] * 3, *rows[1:]]
        ),
        "rst": lambda: (
            ".. list-table::\n   :header-rows: 1\n\n"
            + "".join(f"   * - {row[0]}\n     - {row[1]}\n     - {row[2]}\n" for row in rows)
        ),
    }
    passages = split(read(write(name, made[ending]())), HashingEmbedder())
    assert len(passages) > 5
    for passage in passages:
        for line in passage.text.split("\n"):
            assert line == "S" or all(f"{column}: " in line for column in rows[0]), line


# JSON


def test_json_records_with_keys(write: Write) -> None:
    data = {
        "shop": "Kettle works",
        "open": True,
        "parts": [{"name": "lid", "price": {"eur": 4}}, {"name": "base", "tags": ["a", "b"]}],
        "address": {"city": "Ulm", "zip": None},
    }
    assert stretches(read(write("a.json", json.dumps(data)))) == [
        ((), "shop: Kettle works\nopen: true"),
        (("parts",), "name: lid; price.eur: 4\nname: base; tags: a, b"),
        (("address",), "city: Ulm"),
    ]


def test_jsonl_with_bad_lines_and_json_that_is_lines(write: Write) -> None:
    parsed = read(write("a.jsonl", '{"q": "one"}\nnonsense\n\n{"q": "two"}\n'))
    assert parsed.text == "q: one\nq: two"
    assert "1 lines are no JSON" in parsed.warnings[0] and ": 2." in parsed.warnings[0]
    assert read(write("b.json", '{"q": "one"}\n{"q": "two"}\n')).text == "q: one\nq: two"


def test_long_records_are_paragraphs(write: Write) -> None:
    record = {"title": "Tank", "body": "Two litres fit in. " * 40}
    (stretch,) = stretches(read(write("a.json", json.dumps([record]))))
    assert stretch[1].startswith("title: Tank\nbody: Two litres fit in.")


@pytest.mark.parametrize("content", ["{", "[1, 2", "words", '{"a": ' * 5000])
def test_what_is_no_json(write: Write, content: str) -> None:
    with pytest.raises(UnreadableDocument, match=r"a\.json is not valid JSON"):
        read(write("a.json", content))


def test_json_nested_deep_is_read(write: Write) -> None:
    deep = '{"a": ' * 200 + '"bottom"' + "}" * 200
    assert "bottom" in read(write("a.json", deep)).text


# XML


def test_a_feed_and_other_xml(write: Write) -> None:
    feed = (
        "<rss><channel><title>News</title><item><title>Lamp</title>"
        "<pubDate>Tue, 19 Nov 2024</pubDate><description>&lt;p&gt;The lamp is &lt;b&gt;green"
        "&lt;/b&gt;.&lt;/p&gt;</description></item></channel></rss>"
    )
    assert stretches(read(write("a.rss", feed))) == [
        (("News", "Lamp"), "pubDate: Tue, 19 Nov 2024"),
        (("News", "Lamp"), "The lamp is green."),
    ]
    plain = '<parts><part id="4"><name>Lid</name></part><!-- no --></parts>'
    assert read(write("b.xml", plain)).text == "part: id=4\nname: Lid"


def test_entities_and_external_files_are_not_read(write: Write) -> None:
    secret = write("secret.txt", "a secret of this machine")
    source = f'<!DOCTYPE a [<!ENTITY x SYSTEM "{secret.as_uri()}">]><a><b>Words</b><c>&x;</c></a>'
    assert "secret" not in read(write("a.xml", source)).text
    with pytest.raises(UnreadableDocument, match=r"b\.xml is not valid XML"):
        read(write("b.xml", "<a><b></a>"))


# Books


def book(chapters: dict[str, str], extra: dict[str, str] | None = None) -> bytes:
    items = "".join(
        f'<item id="c{n}" href="{name}" media-type="application/xhtml+xml"/>'
        for n, name in enumerate(chapters)
    )
    spine = "".join(f'<itemref idref="c{n}"/>' for n in reversed(range(len(chapters))))
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf"><metadata xmlns:dc="http://purl.org/dc/'
        f'elements/1.1/"><dc:title>The Kettle</dc:title></metadata><manifest>{items}</manifest>'
        f"<spine>{spine}</spine></package>"
    )
    container = (
        '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
        '<rootfile full-path="in/book.opf"/></rootfiles></container>'
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("META-INF/container.xml", container)
        archive.writestr("in/book.opf", package)
        for name, text in chapters.items():
            archive.writestr(f"in/{name}", f"<html><body>{text}</body></html>")
        for name, text in (extra or {}).items():
            archive.writestr(name, text)
    return out.getvalue()


def test_chapters_are_in_the_order_of_the_spine(write: Write) -> None:
    data = book({"b.xhtml": "<h1>Second</h1><p>Two.</p>", "a.xhtml": "<h1>First</h1><p>One.</p>"})
    assert stretches(read(write("a.epub", data))) == [
        (("The Kettle", "First"), "One."),
        (("The Kettle", "Second"), "Two."),
    ]


def test_a_protected_book_is_told(write: Write) -> None:
    lock = (
        '<encryption xmlns:e="http://www.w3.org/2001/04/xmlenc#"><e:EncryptionMethod '
        'Algorithm="http://www.w3.org/2001/04/xmlenc#aes256-cbc"/></encryption>'
    )
    data = book({"a.xhtml": "<p>x</p>"}, {"META-INF/encryption.xml": lock})
    with pytest.raises(EncryptedDocument, match="protected against copying"):
        read(write("a.epub", data))


# Mail


def test_an_email_with_quotes_and_attachments(write: Write) -> None:
    source = (
        "From: Ada <ada@example.org>\nTo: bob@example.org\n"
        "Subject: =?utf-8?q?Der_gr=C3=BCne_Deckel?=\n"
        "Date: Tue, 19 Nov 2024 10:00:00 +0100\nMIME-Version: 1.0\n"
        'Content-Type: multipart/mixed; boundary="x"\n\n--x\nContent-Type: text/plain; '
        "charset=utf-8\n\nHello Bob,\n\nthe lid is green.\n\nOn Monday Bob wrote:\n> Which colour\n"
        "> is the lid?\n--x\nContent-Type: application/pdf\nContent-Disposition: attachment; "
        'filename="plan.pdf"\n\nxxx\n--x--\n'
    )
    parsed = read(write("a.eml", source))
    assert parsed.text == (
        "Der grüne Deckel\n\nFrom: Ada <ada@example.org>\nTo: bob@example.org\n"
        "Date: Tue, 19 Nov 2024 10:00:00 +0100\n\nHello Bob,\n\nthe lid is green.\n\n"
        "On Monday Bob wrote:\nWhich colour\nis the lid?"
    )
    assert "plan.pdf" in parsed.warnings[0]


def test_an_email_in_html_and_what_is_none(write: Write) -> None:
    source = "Subject: Lid\nContent-Type: text/html; charset=utf-8\n\n<p>It is <b>green</b>.</p>"
    assert read(write("a.eml", source)).text == "Lid\n\nIt is green."
    with pytest.raises(UnreadableDocument, match="not an e-mail"):
        read(write("b.eml", "just words\n\nand more"))
    with pytest.raises(UnreadableDocument, match="not an Outlook message"):
        read(write("b.msg", "just words"))


# Slides


def test_slides_are_sections_and_pages(write: Write) -> None:
    from pptx import Presentation  # type: ignore[import-untyped]

    show = Presentation()
    for title, said in (("Tank", "Two litres"), ("", "No title here")):
        slide = show.slides.add_slide(show.slide_layouts[1])
        slide.shapes.title.text = title
        slide.placeholders[1].text = said
        slide.notes_slide.notes_text_frame.text = f"Say {said.lower()}."
    path = write("a.pptx", b"")
    show.save(path)
    parsed = read(path)
    pages = {block.page for block in parsed.blocks}
    assert parsed.pages == 2 and pages == {1, 2}
    assert [told for told in stretches(parsed) if "Say" in told[1]] == [
        (("Slide 1: Tank", "Notes"), "Say two litres."),
        (("Slide 2", "Notes"), "Say no title here."),
    ]


# Code

PYTHON = '''"""Module."""

import os

# About the lid.
@cached
def lid(size):
    x = "if"

    return size


class Base:
    def inner(self):
        pass
'''


def test_functions_and_classes_are_sections(write: Write) -> None:
    assert stretches(read(write("a.py", PYTHON))) == [
        ((), '"""Module."""'),
        ((), "import os"),
        (("lid",), '# About the lid.\n@cached\ndef lid(size):\n    x = "if"'),
        (("lid",), "    return size"),
        (("Base",), "class Base:\n    def inner(self):\n        pass"),
    ]


@pytest.mark.parametrize(
    ("name", "source", "titles"),
    [
        ("a.js", "import x\n\nexport async function lid() {}\nconst f = (a) => a\n", ["lid", "f"]),
        ("a.ts", "export interface Lid {}\nexport default class Base {}\n", ["Lid", "Base"]),
        ("a.java", "package x;\n\npublic final class Lid {\n  void a() {}\n}\n", ["Lid"]),
        ("a.c", "#include <x.h>\n\nstatic int lid(int a)\n{\n  if (a) {}\n}\n", ["lid"]),
        ("a.go", "func (l *Lid) Open() error {\n}\ntype Base struct {\n}\n", ["Open", "Base"]),
        ("a.rs", "pub fn lid() {}\nimpl Display for Base {\n}\n", ["lid", "Base"]),
        ("a.sh", "set -e\nlid() {\n  true\n}\n", ["lid"]),
        ("a.sql", "CREATE TABLE lid (a int);\ncreate view base as select 1;\n", ["lid", "base"]),
        ("a.toml", "a = 1\n[tool.lid]\nb = 2\n", ["tool.lid"]),
        ("a.yaml", "lid:\n  a: 1\nbase:\n  b: 2\n", ["lid", "base"]),
    ],
)
def test_definitions_of_other_languages(
    write: Write, name: str, source: str, titles: list[str]
) -> None:
    parsed = read(write(name, source))
    found = [block.heading_path[-1] for block in parsed.blocks if block.kind == "heading"]
    assert found == titles
    for line in filter(str.strip, source.split("\n")):
        assert line in parsed.text  # nothing of the source is lost


# Garbled text


def test_mojibake_is_put_right_and_told(write: Write) -> None:
    parsed = read(write("a.txt", "Die GrÃ¶ÃŸe der TÃ¼r.\n\nUnd ein „richtiger“ Satz über Größe."))
    assert parsed.text == "Die Größe der Tür.\n\nUnd ein „richtiger“ Satz über Größe."
    assert '"GrÃ¶ÃŸe": "Größe"' in parsed.warnings[0]


@pytest.mark.parametrize(
    "text",
    ["A © B ® Ä Ã Å", "été à la carte", "“É” « Â » été»", "5 °C ± 1 £", "ÎÏÐ and Ñandú", "Ã la"],
)
def test_what_only_resembles_mojibake_stays(write: Write, text: str) -> None:
    parsed = read(write("a.txt", text))
    assert parsed.text == text and not parsed.warnings
