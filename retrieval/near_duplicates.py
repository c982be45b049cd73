"""When two passages say the same: candidates by MinHash, the decision on the words themselves.

MinHash (Broder 1997) over runs of three words finds passages that share most of them. What decides
is stricter, for a passage that is taken for a duplicate is no longer searched: the two may differ
in case, punctuation, white space, inflection and words that carry nothing, never in a number, a
name, a negation or any other word of their content.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Sequence
from difflib import SequenceMatcher

import numpy as np

SHINGLE_WORDS = 3
SIMILAR = 0.5
"""Least Jaccard similarity of the runs of words, from tests/benchmarks/near_duplicates.py."""
FEWEST_WORDS = 12
"""Shorter passages are duplicates only where they are equal: a word is too much of them."""
LENGTH_SHARE = 0.85
BANDS = 16
_ROWS = 4

_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)?")
_NUMBER = re.compile(
    # Looked for from the beginning of a word only, or each letter of each word is tried in turn.
    r"[-+\u2212]?(?<![^\W_])[^\W_]*\d[\w.,:/\u2013-]*|[%\u2030\u00b0\u20ac$\u00a3\u00a5<>=\u2264\u2265\u00b1]"
)
_HYPHENATED = re.compile(r"(?<=[^\W\d_])[-\u2010\u00ad]\s*\n\s*(?=[^\W\d_])|\u00ad")
_FILLERS = frozenset(
    "a an the of that which this these those is are was were be been being has have had do does "
    "did it its there here and also so thus therefore hence moreover furthermore however please "
    "kindly note just very quite rather simply namely e.g i.e etc".split()
)
_ENDINGS = ("s", "es", "'s", "\u2019s")  # not -d or -ly: closed is not close, hardly not hard

_random = np.random.default_rng(20_261_122)
_FACTORS = _random.integers(0, 2**63, size=BANDS * _ROWS, dtype=np.uint64) * 2 + 1
_SHIFTS = _random.integers(0, 2**63, size=BANDS * _ROWS, dtype=np.uint64)
_PLACES = _random.integers(0, 2**63, size=max(SHINGLE_WORDS, _ROWS + 2), dtype=np.uint64) * 2 + 1

Keys = np.ndarray[tuple[int], np.dtype[np.int64]]


def band_keys(text: str) -> Keys:
    """Keys of which near-duplicates share at least one: shape (16,), or (0,) for a short text.

    A key holds the least hashes of four of 64 permutations, and all numbers of the text in their
    order, so that rows of a table never become candidates of each other. Two texts of Jaccard
    similarity s share a key with probability 1 - (1 - s^4)^16: .64 at .5, .99 at .7, .9998 at .8.
    """
    words = _words(text)
    if len(words) < FEWEST_WORDS:
        return np.empty(0, dtype=np.int64)
    shingles = _shingles(words)
    with np.errstate(over="ignore"):
        # Multiply-shift hashing (Dietzfelbinger et al. 1997): the upper 32 bits of a x + b.
        hashes = (_FACTORS[:, None] * shingles[None, :] + _SHIFTS[:, None]) >> np.uint64(32)
        bands = hashes.min(axis=1).reshape(BANDS, _ROWS)
        keys = (bands * _PLACES[:_ROWS]).sum(axis=1, dtype=np.uint64)
        keys += np.arange(BANDS, dtype=np.uint64) * _PLACES[_ROWS]
        keys ^= np.uint64(zlib.crc32("\n".join(_numbers(text)).encode())) * _PLACES[_ROWS + 1]
    found: Keys = keys.view(np.int64)
    return found


def near_duplicates(left: str, right: str) -> bool:
    """Whether two texts of 12 words or more say the same."""
    ours, theirs = _words(left), _words(right)
    shorter, longer = sorted((len(ours), len(theirs)))
    if shorter < FEWEST_WORDS or shorter < LENGTH_SHARE * longer:
        return False
    if _numbers(left) != _numbers(right) or similarity(left, right) < SIMILAR:
        return False
    folded = [word.casefold() for word in ours], [word.casefold() for word in theirs]
    for tag, start, stop, first, last in SequenceMatcher(None, *folded, False).get_opcodes():
        if tag != "equal" and not _say_the_same(ours[start:stop], theirs[first:last]):
            return False
    return True


def similarity(left: str, right: str) -> float:
    """Jaccard similarity of the runs of three words, in [0, 1]."""
    ours, theirs = (set(_shingles(_words(text)).tolist()) for text in (left, right))
    return len(ours & theirs) / max(1, len(ours | theirs))


def packed(keys: Keys) -> bytes:
    """The keys as they are stored."""
    return struct.pack(f"<{len(keys)}q", *keys.tolist())


def unpacked(stored: bytes) -> list[int]:
    """The keys from what `packed` made."""
    return list(struct.unpack(f"<{len(stored) // 8}q", stored))


def _say_the_same(ours: Sequence[str], theirs: Sequence[str]) -> bool:
    """Whether two different stretches of words differ in nothing but form."""
    left = [word for word in ours if word.casefold() not in _FILLERS]
    right = [word for word in theirs if word.casefold() not in _FILLERS]
    return len(left) == len(right) and all(map(_inflected, left, right))


def _inflected(left: str, right: str) -> bool:
    """Whether one word is the other with an ending; of words that are no names."""
    shorter, longer = sorted((left.casefold(), right.casefold()), key=len)
    if shorter == longer:
        return True
    plain = left.islower() and right.islower()
    return plain and len(shorter) > 2 and longer in (shorter + ending for ending in _ENDINGS)


def _words(text: str) -> list[str]:
    return _WORD.findall(_HYPHENATED.sub("", text))


def _numbers(text: str) -> list[str]:
    """Numbers, codes and signs of measure, in their order."""
    return [found.rstrip(".,:/-\u2013").casefold() for found in _NUMBER.findall(text)]


def _shingles(words: Sequence[str]) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    hashes = np.array(_hashed(words), dtype=np.uint64)
    runs = max(1, len(words) - SHINGLE_WORDS + 1)
    shingles = np.zeros(runs, dtype=np.uint64)
    with np.errstate(over="ignore"):
        for place in range(min(SHINGLE_WORDS, len(words))):
            shingles += hashes[place : place + runs] * _PLACES[place]
    return shingles


def _hashed(words: Sequence[str]) -> list[int]:
    # Split after folding and encoding all at once; no word holds a line end.
    together = "\n".join(words).casefold().encode("utf-8", "replace")
    return list(map(zlib.crc32, together.split(b"\n")))
