"""Words parted at line ends, put together again.

A hyphen at a line end is either the typesetter's, and goes, or the word's own, and stays. What the
rest of the document writes decides; where it says nothing, the hyphen of a single lower-case word
goes. Nothing but hyphens and line breaks is ever taken out.
"""

from __future__ import annotations

import re
from collections.abc import Callable

# PDFium gives U+FFFE or U+0002 for a hyphen at a line end, and leaves the line break out.
_MARKS = "\ufffe\u0002"
_SOFT = "\u00ad"
_BREAK = rf"(?:[{_MARKS}]\r?\n?|[-{_SOFT}]\r?\n)[^\S\n]*"
_PARTED = re.compile(rf"(?<=\w){_BREAK}(?=\w)")
_PARTED_WORD = re.compile(rf"[\w-]*\w{_BREAK}[\w-]+")
_LEFT = re.compile(r"[\w-]+\Z")
_RIGHT = re.compile(r"\w+(?:-\w+)*")
_WORD = re.compile(r"\w+(?:-\w+)*")
# "Vor- und Nachteile", "pre- and post-war": the hyphen stands for what follows later.
_SUSPENDED = frozenset("und oder bzw and or to bis sowie noch et ou e o y".split())
_LONGEST = 60


class Hyphens:
    """Joins words of one document; `text` gives all of it, and is asked for at most once."""

    def __init__(self, text: Callable[[], str]) -> None:
        self._text = text
        self._known: frozenset[str] | None = None

    def joined(self, text: str) -> str:
        """The text with the words that its line ends parted as one."""
        if not any(mark in text for mark in (*_MARKS, "-\n", "-\r\n", _SOFT)):
            return text
        parts = []
        last = 0
        for found in _PARTED.finditer(text):
            left = _LEFT.search(text, max(last, found.start() - _LONGEST), found.start())
            right = _RIGHT.match(text, found.end())
            parts.append(text[last : found.start()])
            parts.append(self._between(left[0] if left else "", right[0] if right else ""))
            last = found.end()
        parts.append(text[last:])
        return "".join(parts).replace(_SOFT, "")

    def _between(self, left: str, right: str) -> str:
        """What stands between the two parts: nothing, a hyphen, or a hyphen and a space."""
        left, following = left.rstrip("-"), right.casefold()
        if following in _SUSPENDED:
            return "- "
        if not right[:1].islower() or not left[-1:].isalpha():
            return "-"
        whole, end = left.casefold(), left.casefold().rpartition("-")[2]
        begin = following.partition("-")[0]
        known = self._words()
        if f"{whole}{following}" in known or f"{end}{begin}" in known:
            return ""
        if f"{whole}-{following}" in known or f"{end}-{begin}" in known:
            return "-"
        if len(end) > 1 and end in known and (begin in known or end != whole):
            return "-"  # both are words here and their sum is not: "user-friendly", "of-the-art"
        return ""

    def _words(self) -> frozenset[str]:
        if self._known is None:
            whole = _PARTED_WORD.sub(" ", self._text()).casefold()
            self._known = frozenset(_WORD.findall(whole))
        return self._known
