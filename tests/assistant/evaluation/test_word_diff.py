"""Differences between two answers."""

from __future__ import annotations

from assistant.evaluation.word_diff import Piece, as_text, word_diff


def test_what_was_removed_and_added() -> None:
    pieces = word_diff("It holds 2 litres.", "It holds 1.85 litres.")
    assert pieces == (
        Piece("same", "It holds "),
        Piece("removed", "2 "),
        Piece("added", "1.85 "),
        Piece("same", "litres."),
    )
    assert as_text(pieces) == "It holds [-2-] {+1.85+} litres."


def test_equal_and_empty_texts() -> None:
    assert word_diff("", "") == ()
    assert word_diff("same words", "same  words") == (Piece("same", "same  words"),)
    assert word_diff("", "new") == (Piece("added", "new"),)
    assert word_diff("gone", "") == (Piece("removed", "gone"),)


def test_very_long_texts_lose_no_word() -> None:
    before = " ".join(f"a{n}" for n in range(10_000))
    after = " ".join(f"b{n}" for n in range(10_000))
    pieces = word_diff(before, after)
    assert "".join(p.text for p in pieces if p.mark == "removed").split() == before.split()
    assert "".join(p.text for p in pieces if p.mark == "added").split() == after.split()
