"""Which side of a split a section is on: `tuned`, or `held_out` of all tuning.

Fixed by the hash of the section's words before any question is written, so that nobody chooses,
and nothing chosen later can move it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Literal

from retrieval.documents import Passage

Side = Literal["tuned", "held_out"]

HELD_OUT_IN = 5
SHINGLE_WORDS = 4
NEAR_DUPLICATE = 0.6
_COMMON_SHINGLE = 50
_WORD = re.compile(r"\w+")


def section_side(section: str) -> Side:
    """The side of a section by its hash alone: about one in five is held out."""
    return "held_out" if int(section[:12], 16) % HELD_OUT_IN == 0 else "tuned"


def section_sides(passages: Sequence[Passage]) -> dict[str, Side]:
    """The side of every section of the passages: that of its group's oldest section, so that a
    later copy does not move what was there before."""
    return {section: section_side(oldest) for section, oldest in section_groups(passages).items()}


def section_groups(passages: Sequence[Passage]) -> dict[str, str]:
    """The oldest section of every section's group of near-duplicates.

    Two sections are near-duplicates where the smaller shares 60 % or more of its runs of four
    words with the other.
    """
    ages: dict[str, int] = {}
    texts: defaultdict[str, list[str]] = defaultdict(list)
    for passage in passages:
        ages[passage.section] = min(passage.id, ages.get(passage.section, passage.id))
        texts[passage.section].append(passage.text)
    shingles = {section: _shingles(" ".join(parts)) for section, parts in texts.items()}
    oldest = {section: section for section in ages}

    def root(section: str) -> str:
        while oldest[section] != section:
            oldest[section] = oldest[oldest[section]]
            section = oldest[section]
        return section

    for left, right in _near_duplicates(shingles):
        first, second = sorted((root(left), root(right)), key=ages.__getitem__)
        oldest[second] = first
    return {section: root(section) for section in ages}


def _shingles(text: str) -> frozenset[int]:
    words = _WORD.findall(text.casefold())
    if len(words) < SHINGLE_WORDS:
        return frozenset((hash(tuple(words)),))
    return frozenset(
        hash(tuple(words[place : place + SHINGLE_WORDS]))
        for place in range(len(words) - SHINGLE_WORDS + 1)
    )


def _near_duplicates(shingles: dict[str, frozenset[int]]) -> Iterable[tuple[str, str]]:
    """Pairs of near-duplicates. Runs of words that half the corpus repeats find no pairs."""
    holders: defaultdict[int, list[str]] = defaultdict(list)
    for section, held in shingles.items():
        for shingle in held:
            holders[shingle].append(section)
    for section, held in shingles.items():
        shared: defaultdict[str, int] = defaultdict(int)
        for shingle in held:
            others = holders[shingle]
            if 1 < len(others) <= _COMMON_SHINGLE:
                for other in others:
                    if other > section:
                        shared[other] += 1
        for other, count in shared.items():
            if count >= NEAR_DUPLICATE * min(len(held), len(shingles[other])):
                yield section, other
