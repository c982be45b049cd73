"""HTML: what a reader of the page would read, without scripts, styles, menus and notices."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from retrieval.errors import UnreadableDocument
from retrieval.loaders.boilerplate import Boilerplate
from retrieval.loaders.opening import Opening
from retrieval.loaders.parsed import Parsed, TextBuilder, clean_line, table_lines, table_row
from retrieval.loaders.text import decoded, refuse_binary

_CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w.:-]+)""", re.IGNORECASE)
_CHARSET_BYTES = 4096

_UNREAD = frozenset(
    "script style noscript template svg math iframe object embed head select button "
    "input textarea dialog".split()
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_BLOCKS = frozenset(
    "address article aside blockquote body caption center dd details div dl dt fieldset figcaption "
    "figure footer form header hr html legend li main ol p section summary table tbody td tfoot th "
    "thead tr ul".split()
)


def read_html(path: Path, name: str, _: Opening) -> Parsed:
    """An HTML file."""
    data = path.read_bytes()
    refuse_binary(data, name)
    declared = _CHARSET.search(data[:_CHARSET_BYTES])
    text, warnings = decoded(data, name, declared[1].decode("ascii") if declared else None)
    return parse_html(text, name, warnings)


def parse_html(source: str, name: str, warnings: tuple[str, ...] = ()) -> Parsed:
    """HTML source as a document. Raises UnreadableDocument where nothing of it can be parsed.

    A page that is nothing but menus is read with them.
    """
    root = _tree(source, name)
    if root is None:
        return TextBuilder().parsed(warnings=warnings)
    boilerplate = Boilerplate(root)
    parsed = _read(root, boilerplate, warnings)
    if not any(map(str.isalnum, parsed.text)):
        return _read(root, None, warnings)
    if boilerplate.parts:
        parts = "1 part" if boilerplate.parts == 1 else f"{boilerplate.parts} parts"
        told = f"Menus, footers or notices of the page were left out ({parts})."
        parsed = replace(parsed, warnings=(*parsed.warnings, told))
    return parsed


def add_html(builder: TextBuilder, source: str, name: str, within: int = 0) -> None:
    """Add HTML source to a document; within: the level of the heading that it is under."""
    root = _tree(source, name)
    if root is not None:
        _Reader(root, builder, None, within).read()


def _read(root: Any, boilerplate: Boilerplate | None, warnings: tuple[str, ...]) -> Parsed:
    builder = TextBuilder()
    title = root.findtext(".//title")
    if title and root.find(".//h1") is None:
        builder.heading(title, 0)
    _Reader(root, builder, boilerplate, 0).read()
    return builder.parsed(warnings=warnings)


def _tree(source: str, name: str) -> Any:
    """The root element, None where there is nothing. Raises UnreadableDocument."""
    from lxml import etree  # type: ignore[import-untyped]
    from lxml import html as lxml_html

    # Without huge_tree the parser drops, without a word, what is nested over 256 deep.
    parser = lxml_html.HTMLParser(
        encoding="utf-8", remove_comments=True, remove_pis=True, no_network=True, huge_tree=True
    )
    try:
        root = lxml_html.document_fromstring(source.encode("utf-8", "replace"), parser=parser)
    except (etree.LxmlError, ValueError):
        if not source.strip():
            return None
        raise UnreadableDocument(
            f"{name} cannot be read as a web page: open it in a browser and save it again."
        ) from None
    if any(entry.type_name == "ERR_RESOURCE_LIMIT" for entry in parser.error_log):
        raise UnreadableDocument(
            f"{name} nests its parts deeper than any page made for people, so it was left out."
        )
    return root


class _Reader:
    """Walks the tree without recursion, so that no depth of nesting can end it."""

    def __init__(
        self, root: Any, builder: TextBuilder, boilerplate: Boilerplate | None, within: int
    ) -> None:
        self._root = root
        self._builder = builder
        self._boilerplate = boilerplate
        self._within = within
        self._inline: list[str] = []
        self._items: list[str] = []
        self._preformatted = 0

    def read(self) -> None:
        """Take in all of it."""
        self._walk()
        self._flush_list()

    def _walk(self) -> None:
        from lxml import etree

        walker = etree.iterwalk(self._root, events=("start", "end"))
        for event, node in walker:
            tag = node.tag if isinstance(node.tag, str) else ""
            if event == "start":
                if _unread(node, tag) or self._is_boilerplate(node, tag):
                    walker.skip_subtree()
                elif tag == "table" and _is_data_table(node):
                    self._table(node)
                    walker.skip_subtree()
                elif tag in _HEADINGS:
                    self._flush_list()
                    self._builder.heading("".join(_texts(node)), self._within + _HEADINGS[tag])
                    walker.skip_subtree()
                else:
                    self._enter(node, tag)
            else:
                self._leave(node, tag)

    def _is_boilerplate(self, node: Any, tag: str) -> bool:
        return self._boilerplate is not None and self._boilerplate.is_unread(node, tag)

    def _enter(self, node: Any, tag: str) -> None:
        if tag in _BLOCKS:
            self._flush()
        elif tag == "br":
            self._inline.append("\n")
        elif tag == "pre":
            self._flush_list()
            self._preformatted += 1
        elif tag == "img":
            self._inline.append(f" {node.get('alt', '')} ")
        if node.text:
            self._inline.append(node.text if self._preformatted else _one_line(node.text))

    def _leave(self, node: Any, tag: str) -> None:
        if tag == "li":
            self._flush(item=True)
        elif tag == "pre":
            if self._preformatted == 1:
                self._builder.lines("".join(self._inline))
                self._inline = []
            self._preformatted = max(0, self._preformatted - 1)
        elif tag in _BLOCKS:
            self._flush()
            if tag in ("ul", "ol"):
                self._flush_list()
        if node.tail and node is not self._root:
            self._inline.append(node.tail if self._preformatted else _one_line(node.tail))

    def _flush(self, item: bool = False) -> None:
        lines = [clean_line(line) for line in "".join(self._inline).split("\n")]
        lines = [line for line in lines if line]
        self._inline = []
        if not lines:
            return
        if item:
            self._items.append("- " + "\n  ".join(lines))
            return
        self._flush_items()
        if len(lines) > 1:
            self._builder.lines("\n".join(lines))
        else:
            self._builder.prose(lines[0])

    def _flush_items(self) -> None:
        if self._items:
            self._builder.lines("\n".join(self._items))
            self._items = []

    def _flush_list(self) -> None:
        self._flush()
        self._flush_items()

    def _table(self, table: Any) -> None:
        self._flush_list()
        caption = table.find("caption")
        if caption is not None and (words := clean_line("".join(_texts(caption)))):
            self._builder.prose(words)
        header: list[str] = []
        rows: list[list[str]] = []
        named = True
        for row in table.iter("tr"):
            cells = [cell for cell in row if cell.tag in ("td", "th")]
            texts = [clean_line("".join(_texts(cell))) for cell in cells]
            if not header and len(cells) > 1 and all(cell.tag == "th" for cell in cells):
                header = texts
            elif cells:
                rows.append(texts)
                named = named and cells[0].tag == "th" and len(cells) == 2
        if named and rows and not header:
            self._builder.lines("\n".join(table_row(row[:1], row[1:]) for row in rows))
        else:
            self._builder.lines(table_lines(header, rows))


def _unread(node: Any, tag: str) -> bool:
    return tag in _UNREAD or node.get("hidden") is not None or node.get("aria-hidden") == "true"


def _is_data_table(table: Any) -> bool:
    """Not a table that only lays out the page: no table inside, and cells in a grid."""
    if table.find(".//table") is not None or table.find(".//h1") is not None:
        return False
    widths = [sum(cell.tag in ("td", "th") for cell in row) for row in table.iter("tr")]
    return bool(widths) and max(widths) > 1


def _texts(node: Any) -> Iterator[str]:
    """All text under a node, with spaces where blocks and line breaks part it."""
    from lxml import etree

    walker = etree.iterwalk(node, events=("start", "end"))
    for event, inner in walker:
        tag = inner.tag if isinstance(inner.tag, str) else ""
        if event == "start":
            if inner is not node and _unread(inner, tag):
                walker.skip_subtree()
                continue
            if tag in _BLOCKS or tag == "br":
                yield " "
            yield inner.text or ""
        else:
            if tag in _BLOCKS:
                yield " "
            if inner is not node:
                yield inner.tail or ""


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text)
