"""reStructuredText through docutils; nothing that a file includes or runs is read or run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from retrieval.loaders.opening import Opening
from retrieval.loaders.parsed import Parsed, TextBuilder, clean_line, table_lines
from retrieval.loaders.text import decoded, refuse_binary

_SETTINGS = {
    "file_insertion_enabled": False,
    "raw_enabled": False,
    "_disable_config": True,
    "report_level": 5,
    "halt_level": 6,
    "syntax_highlight": "none",
    "warning_stream": False,
    "input_encoding": "unicode",
    "line_length_limit": 1_000_000,
}
_ROLE = re.compile(r":[\w:+.-]+:`([^`<]*?)(?:\s*<[^`>]*>)?`")
_UNREAD = frozenset(
    "comment substitution_definition target raw pending system_message meta docinfo decoration "
    "image math_block citation_reference label".split()
)
_LINES = frozenset("literal_block line_block doctest_block math_block".split())
_LISTS = frozenset("bullet_list enumerated_list definition_list field_list option_list".split())
_DIRECTIVE = re.compile(r"\A\.\. ([\w:-]+)::[ \t]*(.*)")


def read_rst(path: Path, name: str, _: Opening) -> Parsed:
    """A reStructuredText file; directives that docutils does not know keep their text."""
    from docutils.core import publish_doctree

    data = path.read_bytes()
    refuse_binary(data, name)
    text, warnings = decoded(data, name)
    tree = publish_doctree(text, settings_overrides=_SETTINGS)
    builder = TextBuilder()
    _Writer(builder).add(tree, 1)
    return builder.parsed(warnings=warnings)


class _Writer:
    """Walks the document tree; `level` is that of the section at hand."""

    def __init__(self, builder: TextBuilder) -> None:
        self._builder = builder

    def add(self, parent: Any, level: int) -> None:
        """Add the children of a node."""
        for node in parent.children:
            kind = node.tagname
            if kind == "section":
                self.add(node, level + 1)
            elif kind in ("title", "subtitle"):
                self._builder.heading(_text(node), level)
            elif kind == "system_message":
                self._unknown(node)
            elif kind in _LINES:
                self._builder.lines(node.astext())
            elif kind == "table":
                self._table(node)
            elif kind in _LISTS:
                self._builder.lines("\n".join(_items(node, "")))
            elif kind in _UNREAD:
                continue
            elif kind in ("paragraph", "rubric", "caption", "attribution", "term"):
                self._builder.prose(_text(node))
            else:
                self.add(node, level)

    def _unknown(self, message: Any) -> None:
        """The block of a directive that docutils does not know, without its name."""
        for block in message.children:
            if block.tagname == "literal_block":
                source = _DIRECTIVE.sub(r"\2", block.astext())
                lines = [line.strip() for line in source.split("\n")]
                self._builder.lines("\n".join(line for line in lines if line))

    def _table(self, table: Any) -> None:
        header: list[str] = []
        rows: list[list[str]] = []
        for row in table.findall():
            if row.tagname == "title" and row.parent is table:
                self._builder.prose(_text(row))
            elif row.tagname == "row":
                cells = [_text(entry) for entry in row.children]
                if row.parent.tagname == "thead" and not header:
                    header = cells
                else:
                    rows.append(cells)
        self._builder.lines(table_lines(header, rows))


def _items(parent: Any, indent: str) -> list[str]:
    """The lines of a list, nested ones indented."""
    lines = []
    for number, item in enumerate(parent.children, int(parent.get("start", 1))):
        mark = f"{number}." if parent.tagname == "enumerated_list" else "-"
        said = []
        inner = []
        for child in item.children:
            if child.tagname in _LISTS:
                inner += _items(child, indent + "  ")
            elif child.tagname not in _UNREAD:
                said.append(_text(child))
        lines.append(f"{indent}{mark} {': '.join(filter(None, said))}")
        lines += inner
    return lines


def _text(node: Any) -> str:
    """The words of a node; roles that docutils does not know as what they show."""
    return clean_line(_ROLE.sub(r"\1", node.astext()))
