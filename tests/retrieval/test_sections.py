"""Sides are fixed by content, and near-duplicates share one."""

from __future__ import annotations

import random

from retrieval.documents import Passage
from retrieval.sections import section_side, section_sides
from retrieval.splitter import section_hash

WORDS = [f"word{number}" for number in range(400)]


def passage(number: int, text: str, section: str | None = None) -> Passage:
    return Passage(
        number, "d", "d.md", number, text, (), None, 0, len(text), section or section_hash(text)
    )


def text(seed: int, words: int = 60) -> str:
    return " ".join(random.Random(seed).choices(WORDS, k=words))


def test_about_one_section_in_five_is_held_out() -> None:
    sides = [section_side(section_hash(text(seed))) for seed in range(1000)]
    assert 150 < sides.count("held_out") < 250


def test_unrelated_sections_keep_their_own_side() -> None:
    passages = [passage(seed, text(seed)) for seed in range(200)]
    assert section_sides(passages) == {p.section: section_side(p.section) for p in passages}


def test_near_duplicates_take_the_side_of_the_oldest() -> None:
    for seed in range(60):
        original = text(seed)
        copies = [original + f" changed {n} times" for n in range(6)]
        passages = [passage(100 - n, copy) for n, copy in enumerate(copies)]
        oldest = passage(1, original)
        sides = section_sides([*passages, oldest, passage(200, text(seed + 5000))])
        assert {sides[p.section] for p in passages} == {section_side(oldest.section)}


def test_a_section_within_a_longer_one_is_a_near_duplicate() -> None:
    pairs = [(text(seed), text(seed) + " " + text(seed + 999, 200)) for seed in range(40)]
    for short, long in pairs:
        sides = section_sides([passage(1, short), passage(2, long)])
        assert len(set(sides.values())) == 1


def test_a_later_copy_moves_nothing() -> None:
    passages = [passage(n, text(n)) for n in range(50)]
    before = section_sides(passages)
    copies = [passage(100 + n, p.text + " and a new end") for n, p in enumerate(passages)]
    after = section_sides([*passages, *copies])
    assert {section: after[section] for section in before} == before


def test_passages_of_one_section_share_its_side() -> None:
    section = section_hash("whole")
    sides = section_sides([passage(1, text(1), section), passage(2, text(2), section)])
    assert sides == {section: section_side(section)}
