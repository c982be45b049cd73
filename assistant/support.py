"""Whether a passage supports a sentence: its values first, then its words, then its meaning.

A sentence with a name, or a number with its unit, that the passage lacks is never supported by it,
however alike the two are: "90 minutes" is not supported by "90 hours". Beyond that the passage must
hold most of the sentence's content words, or a fair share of them in a sentence of close meaning.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from assistant.facts import content_words, sentence_spans, words
from assistant.recall import holds_quantity, values

Encode = Callable[[Sequence[str]], NDArray[np.float32]]
"""Texts to L2-normalised vectors of shape (n, dimension)."""

# Share of a sentence's content words that a passage must hold to support it by words alone, and
# the share from which the meaning decides, by the cosine to the passage's closest sentence.
_OVERLAP_ALONE = 0.75
_OVERLAP_WITH_MEANING = 0.4
_MEANING = 0.6

# Words by which an answer speaks of itself: "The answer is: 215 ml".
_ABOUT_ANSWERS = content_words("answer question passage document text")


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence held against a passage; overlap: the share of its content words found there."""

    sentence: str
    passage: str
    overlap: float

    @property
    def certain(self) -> bool:
        """Whether the words alone decide for it."""
        return self.overlap >= _OVERLAP_ALONE


def checkable(sentence: str) -> bool:
    """Whether a sentence states a number or a name, so that a missing support matters."""
    stated = values(sentence)
    return bool(stated.quantities or stated.names)


def needs_support(sentence: str) -> bool:
    """Whether a sentence states anything: "Yes." and "Of course." do not."""
    return checkable(sentence) or len(content_words(sentence)) >= 2


def claim(sentence: str, passage: str) -> Claim | None:
    """The sentence as a claim on the passage; None where the passage cannot support it."""
    if not needs_support(sentence):
        return None
    said, known = content_words(sentence) - _ABOUT_ANSWERS, _content(passage)
    overlap = len(said & known) / len(said) if said else float(checkable(sentence))
    if overlap < _OVERLAP_WITH_MEANING or not holds_values(sentence, passage):
        return None
    return Claim(sentence, passage, overlap)


def holds_values(sentence: str, passage: str) -> bool:
    """Whether the passage has every name of the sentence, and every number with its unit."""
    stated, known = values(sentence), values(passage)
    return stated.names <= spoken(passage) and all(
        holds_quantity(known, quantity) for quantity in stated.quantities
    )


def meant(claims: Sequence[Claim], encode: Encode) -> list[bool]:
    """For each claim, whether the passage's closest sentence has its meaning; encoded together."""
    if not claims:
        return []
    pairs = [(one.sentence, _closest(one)) for one in claims]
    texts = list(dict.fromkeys(text for pair in pairs for text in pair))
    vectors = encode(texts)
    rows = {text: row for row, text in enumerate(texts)}
    return [float(vectors[rows[a]] @ vectors[rows[b]]) >= _MEANING for a, b in pairs]


@lru_cache(maxsize=4096)
def spoken(text: str) -> frozenset[str]:
    """The words of a text in lower case."""
    return frozenset(word.casefold() for word in words(text))


@lru_cache(maxsize=4096)
def _content(text: str) -> frozenset[str]:
    return content_words(text)


def _closest(one: Claim) -> str:
    said = content_words(one.sentence)
    sentences = (one.passage[start:end] for start, end in sentence_spans(one.passage))
    return max(sentences, key=lambda text: len(said & content_words(text)), default=one.passage)
