"""Source code and settings: lines stay lines; functions and classes are sections where found."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

from retrieval.loaders.opening import Opening
from retrieval.loaders.parsed import Parsed, TextBuilder
from retrieval.loaders.text import decoded, refuse_binary

# A definition at the left margin, by family of languages. Group 1 is the name. Source that no
# pattern fits is one section: a wrong cut would be worse than none.
_PYTHON = r"(?:async\s+def|def|class)\s+(\w+)"
_SCRIPT = (
    r"(?:export\s+)?(?:default\s+)?(?:(?:async\s+)?function\*?|class|interface|enum|type|namespace)"
    r"\s+(\w+)|(?:export\s+)?const\s+(\w+)\s*=\s*(?:async\s*)?(?:\([^)\n]{0,200}\)|\w+)\s*=>"
)
_JVM = (
    r"(?:(?:public|private|protected|internal|abstract|final|static|sealed|open|data|partial)\s+)*"
    r"(?:class|interface|enum|record|struct|object|trait|fun)\s+(\w+)"
)
_C = (
    r"(?:class|struct|enum|namespace|union)\s+(\w+)[^;\n]{0,200}\{?$"
    r"|[A-Za-z_][\w\s*&:<>,~]{0,120}?[\s*&](~?\w+(?:::~?\w+)?)\s*\([^;\n]{0,300}$"
)
_GO = r"func\s+(?:\([^)\n]{0,80}\)\s*)?(\w+)|type\s+(\w+)\s+(?:struct|interface)"
_RUST = (
    r"(?:pub(?:\([^)\n]{0,40}\))?\s+)?(?:async\s+|unsafe\s+|const\s+)*"
    r"(?:fn|struct|enum|trait|mod|union)\s+(\w+)|(?:unsafe\s+)?impl\b[^{\n]{0,120}?(\w+)\s*(?:\{|$)"
)
_SHELL = r"(?:function\s+)?([\w-]+)\s*\(\)\s*\{?|function\s+([\w-]+)\s*\{?$"
_SQL = (
    r"(?i:create\s+(?:or\s+replace\s+)?(?:temp(?:orary)?\s+)?(?:table|view|function|procedure|"
    r"trigger|(?:unique\s+)?index|type)\s+(?:if\s+not\s+exists\s+)?([\w.\"`\[\]]+))"
)
_RUBY = r"(?:def|class|module)\s+([\w.:?!]+)"
_TABLES = r"\[{1,2}([^\]\n]{1,120})\]{1,2}\s*$"
_KEYS = r"([A-Za-z_][\w.-]{0,80}):\s*(?:#.*)?$"
_FAMILIES = {
    _PYTHON: "py pyi",
    _SCRIPT: "js mjs cjs jsx ts tsx vue svelte php",
    _JVM: "java kt kts scala cs groovy gradle swift dart",
    _C: "c h cc cpp cxx hpp m",
    _GO: "go",
    _RUST: "rs",
    _SHELL: "sh bash zsh",
    _SQL: "sql",
    _RUBY: "rb ex exs lua jl",
    _TABLES: "toml ini cfg conf",
    _KEYS: "yaml yml",
}
_DEFINITION = {
    f".{ending}": re.compile(pattern)
    for pattern, endings in _FAMILIES.items()
    for ending in endings.split()
}
_LONGEST_LINE = 400
_NOT_NAMES = frozenset("if for while switch return else do case sizeof defined catch".split())
_LEADS_IN = re.compile(r"\s*(?:#|//|/\*|\*|--|@|\"\"\"|template\s*<)")
_BLANK_LINES = re.compile(r"\n[^\S\n]*\n")


def read_code(path: Path, name: str, _: Opening) -> Parsed:
    """A code or settings file; the heading of a section is the name of what it defines."""
    data = path.read_bytes()
    refuse_binary(data, name)
    text, warnings = decoded(data, name)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").expandtabs(4).split("\n")
    suffix = PurePosixPath(name).suffix.lower()
    builder = TextBuilder()
    for title, part in _sections(lines, _DEFINITION.get(suffix)):
        if title:
            builder.heading(title, 1)
        for stretch in _BLANK_LINES.split("\n".join(part)):
            builder.lines(stretch)
    return builder.parsed(warnings=warnings)


def _sections(lines: list[str], definition: re.Pattern[str] | None) -> list[tuple[str, list[str]]]:
    """The lines before the first definition, then each definition with its name.

    Comments and decorators right above a definition belong to it.
    """
    sections: list[tuple[str, list[str]]] = [("", [])]
    for line in lines:
        if title := _defined(line, definition):
            before = sections[-1][1]
            lead = len(before)
            while lead and before[lead - 1] and _LEADS_IN.match(before[lead - 1]):
                lead -= 1
            sections.append((title, [*before[lead:], line]))
            del before[lead:]
        else:
            sections[-1][1].append(line)
    return [section for section in sections if any(map(str.strip, section[1]))]


def _defined(line: str, definition: re.Pattern[str] | None) -> str:
    if definition is None or not line or line[0].isspace() or len(line) > _LONGEST_LINE:
        return ""
    found = definition.match(line)
    name = next(filter(None, found.groups()), "") if found else ""
    return "" if name in _NOT_NAMES else name
