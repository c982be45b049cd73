"""Markdown to plain text: headings, lists, tables and code keep their shape, the marks go.

A line-by-line reader of the parts of CommonMark and its tables that bear on text. Written here
because it is on the path of every file: a full parser costs more than embedding allows.
"""

from __future__ import annotations

import html
import re
from pathlib import Path

from retrieval.loaders.opening import Opening
from retrieval.loaders.parsed import Parsed, TextBuilder, squeezed, table_lines
from retrieval.loaders.text import decoded, refuse_binary

_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(?:.*\n)*?(?:---|\.\.\.)[ \t]*(?:\n|\Z)")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_RAW = re.compile(r"<(script|style)\b.*?(?:</\1\s*>|\Z)", re.DOTALL | re.IGNORECASE)
_ATX = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$")
_SETEXT = re.compile(r" {0,3}(=+|-+)[ \t]*$")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_RULE = re.compile(r" {0,3}([-*_])(?:[ \t]*\1){2,}[ \t]*$")
_DELIMITER_ROW = re.compile(r"[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$")
_ITEM = re.compile(r"([ \t]*)(?:[-*+]|(\d{1,9})[.)])[ \t]+(.*)$")
_QUOTE = re.compile(r"^ {0,3}(?:>[ \t]?)+")
_REFERENCE = re.compile(r" {0,3}\[[^\]\n]+\]:[ \t]*\S+.*$")
_CELL_BREAK = re.compile(r"(?<!\\)\|")

_CODE_SPAN = re.compile(r"(`+)(.+?)\1")
_IMAGE = re.compile(r"!\[([^\[\]]*)\](?:\([^()]*(?:\([^()]*\)[^()]*)*\)|\[[^\[\]]*\])")
_LINK = re.compile(r"\[([^\[\]]*)\](?:\([^()]*(?:\([^()]*\)[^()]*)*\)|\[[^\[\]]*\])")
_AUTOLINK = re.compile(r"<((?:https?|mailto):[^<>\s]+)>")
_TAG = re.compile(
    r"</?(?:a|abbr|b|big|blockquote|br|center|cite|code|dd|del|details|div|dl|dt|em|font|h[1-6]|hr"
    r"|i|iframe|img|ins|kbd|li|mark|ol|p|picture|pre|q|s|samp|small|source|span|strike|strong|sub"
    r"|summary|sup|table|tbody|td|tfoot|th|thead|tr|tt|u|ul|var|video)\b[^<>]*>",
    re.IGNORECASE,
)
_EMPHASIS = re.compile(
    r"(\*\*\*|\*\*|\*|~~)(?=\S)([^*~\n]{1,2000}?)(?<=\S)\1"
    r"|(?<!\w)(___|__|_)(?=\S)([^_\n]{1,2000}?)(?<=\S)\3(?!\w)"
)
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
# An escaped mark waits in the private use area while the other marks are taken out.
_PRIVATE = 0xE000
_ESCAPED = {_PRIVATE + code: chr(code) for code in range(0x21, 0x7F)}
_LONGEST_MARKED_LINE = 20_000


def read_markdown(path: Path, name: str, _: Opening) -> Parsed:
    """A Markdown file."""
    data = path.read_bytes()
    refuse_binary(data, name)
    text, warnings = decoded(data, name)
    return parse_markdown(text, warnings)


def parse_markdown(text: str, warnings: tuple[str, ...] = ()) -> Parsed:
    """Markdown source as a document."""
    builder = TextBuilder()
    add_markdown(builder, text)
    return builder.parsed(warnings=warnings)


def add_markdown(builder: TextBuilder, text: str, within: int = 0) -> None:
    """Add Markdown source to a document; within: the level of the heading that it is under."""
    _Reader(text, builder, within).read()


class _Reader:
    """Walks the lines once; `_paragraph` holds the lines of the block at hand."""

    def __init__(self, text: str, builder: TextBuilder, within: int) -> None:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        text = _FRONT_MATTER.sub("", text, count=1)
        text = _COMMENT.sub("", _RAW.sub("", text))
        self._lines = text.expandtabs(4).split("\n")
        self._builder = builder
        self._within = within
        self._paragraph: list[str] = []
        self._list: list[str] = []

    def read(self) -> None:
        """Take in all of it."""
        place = 0
        while place < len(self._lines):
            place = self._take(place)
        self._flush()

    def _take(self, place: int) -> int:
        """Take in the block or line at `place`; returns the place after it."""
        line = self._lines[place]
        if not line.strip():
            self._end_paragraph()
            return place + 1
        if fence := _FENCE.match(line):
            return self._code(place + 1, fence[1])
        if self._is_table(place):
            return self._table(place)
        if heading := _ATX.match(line):
            self._flush()
            self._builder.heading(inline(heading[2] or ""), self._within + len(heading[1]))
        elif self._paragraph and (underline := _SETEXT.match(line)):
            title = " ".join(self._paragraph)
            self._paragraph = []
            self._flush()
            level = 1 if underline[1][0] == "=" else 2
            self._builder.heading(inline(title), self._within + level)
        elif _RULE.match(line):
            self._flush()
        elif item := _ITEM.match(line):
            self._item(item)
        elif not _REFERENCE.match(line):
            self._text(line)
        return place + 1

    def _text(self, line: str) -> None:
        line = _QUOTE.sub("", line, count=1)
        if self._list and not self._paragraph and line.startswith("  "):
            self._list.append("  " + inline(line.strip()))
        elif self._list and not self._paragraph and self._list[-1]:
            self._list[-1] += " " + inline(line.strip())
        else:
            if self._list:
                self._flush()
            self._paragraph.append(line)

    def _item(self, item: re.Match[str]) -> None:
        if self._paragraph:
            self._flush()
        mark = f"{item[2]}." if item[2] else "-"
        if self._list and not self._list[-1]:
            self._list.pop()
        self._list.append(f"{item[1]}{mark} {inline(item[3])}")

    def _code(self, place: int, fence: str) -> int:
        self._flush()
        start = place
        while place < len(self._lines) and not self._lines[place].strip().startswith(fence):
            place += 1
        self._builder.lines("\n".join(self._lines[start:place]))
        return place + 1

    def _is_table(self, place: int) -> bool:
        following = self._lines[place + 1] if place + 1 < len(self._lines) else ""
        return (
            "|" in self._lines[place]
            and "-" in following
            and "|" in following
            and _DELIMITER_ROW.match(following) is not None
        )

    def _table(self, place: int) -> int:
        self._flush()
        header = _cells(self._lines[place])
        place += 2
        rows = []
        while place < len(self._lines) and "|" in self._lines[place]:
            rows.append(_cells(self._lines[place]))
            place += 1
        self._builder.lines(table_lines(header, rows))
        return place

    def _end_paragraph(self) -> None:
        """At a blank line: a paragraph ends, a list may go on."""
        if self._list:
            if self._list[-1]:
                self._list.append("")
        else:
            self._flush()

    def _flush(self) -> None:
        if self._list:
            self._builder.lines("\n".join(line for line in self._list if line))
            self._list = []
        if self._paragraph:
            text = inline(_joined(self._paragraph))
            if "\n" in text:
                self._builder.lines(squeezed(text))
            else:
                self._builder.prose(squeezed(text))
            self._paragraph = []


def inline(text: str) -> str:
    """Text without the marks of emphasis, links, images, code and inline HTML."""
    if len(text) > _LONGEST_MARKED_LINE:
        return text  # no person wrote it, and the patterns are quadratic on hostile marks
    if not any(mark in text for mark in "`*_[<&\\~"):
        return text
    parts: list[str] = []
    last = 0
    for code in _CODE_SPAN.finditer(text):
        parts.append(_unmarked(text[last : code.start()]))
        parts.append(code[2].strip() or code[2])
        last = code.end()
    parts.append(_unmarked(text[last:]))
    return "".join(parts)


def _unmarked(text: str) -> str:
    text = _ESCAPE.sub(lambda escape: chr(_PRIVATE + ord(escape[1])), text)
    text = _IMAGE.sub(r"\1", text)
    text = _LINK.sub(r"\1", text)
    text = _AUTOLINK.sub(r"\1", text)
    text = _TAG.sub(_tag_text, text)
    for _ in range(3):
        text, count = _EMPHASIS.subn(lambda match: match[2] or match[4], text)
        if not count:
            break
    return html.unescape(text).translate(_ESCAPED)


def _tag_text(tag: re.Match[str]) -> str:
    return "\n" if tag[0].lower().startswith("<br") else ""


def _joined(lines: list[str]) -> str:
    """A paragraph's lines as one, a hard break as a newline."""
    parts = []
    for line in lines:
        hard = line.endswith(("  ", "\\"))
        parts.append(line.strip().rstrip("\\") + ("\n" if hard else " "))
    return "".join(parts).strip()


def _cells(line: str) -> list[str]:
    line = line.strip()
    line = line.removeprefix("|")
    if line.endswith("|") and not line.endswith("\\|"):
        line = line[:-1]
    return [inline(cell.strip().replace("\\|", "|")) for cell in _CELL_BREAK.split(line)]
