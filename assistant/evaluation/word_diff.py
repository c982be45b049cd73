"""The words by which two answers differ."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

Mark = Literal["same", "removed", "added"]

_WORD = re.compile(r"\S+\s*")
_MOST_WORDS = 1000  # compared of each answer: the comparison's work grows with their product


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text that both answers have, or only the first, or only the second."""

    mark: Mark
    text: str


def word_diff(before: str, after: str) -> tuple[Piece, ...]:
    """What was taken away and added, word by word, in reading order.

    Of answers of over a thousand words, what lies beyond counts as removed and added whole.
    """
    old, new = _WORD.findall(before.strip()), _WORD.findall(after.strip())
    first, second = old[:_MOST_WORDS], new[:_MOST_WORDS]
    matcher = SequenceMatcher(
        None, [word.strip() for word in first], [word.strip() for word in second], autojunk=False
    )
    pieces: list[Piece] = []
    for tag, i, j, k, m in matcher.get_opcodes():
        if tag == "equal":
            pieces.append(Piece("same", "".join(second[k:m])))
        else:
            pieces += _changed("".join(first[i:j]), "".join(second[k:m]))
    pieces += _changed("".join(old[_MOST_WORDS:]), "".join(new[_MOST_WORDS:]))
    return tuple(pieces)


def as_text(pieces: tuple[Piece, ...]) -> str:
    """The difference as a line of text, marked as wdiff does: [-removed-] {+added+}."""
    said = []
    for piece in pieces:
        words = piece.text.strip()
        if piece.mark == "removed":
            words = f"[-{words}-]"
        elif piece.mark == "added":
            words = f"{{+{words}+}}"
        said.append(words)
    return " ".join(said)


def _changed(removed: str, added: str) -> list[Piece]:
    marked: list[Piece] = []
    if removed:
        marked.append(Piece("removed", removed))
    if added:
        marked.append(Piece("added", added))
    return marked
