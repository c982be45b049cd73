"""How specific a question is: whether it asks for what this passage says and others do not.

The score is the mean inverse document frequency of a question's terms, where a term that its own
passage lacks counts nothing: idf(t) = ln((N + 1) / (n(t) + 1)), for N passages of which n(t) hold t
(K. Spärck Jones, A statistical interpretation of term specificity and its application in retrieval,
Journal of Documentation 28, 1972). Terms are content words, names and numbers, so that "What is
said here?" scores next to nothing, and "How many litres does the tank hold?" more.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from assistant.facts import content_words, names, numbers
from retrieval.documents import Passage


class Specificity:
    """Scores questions against the passages of an assistant."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        self._passages = len(passages)
        self._holding = Counter(
            term for passage in passages for term in _terms(passage.indexed_text)
        )

    def __call__(self, question: str, passage: Passage) -> float:
        """From 0, where nothing of the question is in the passage, to ln(N + 1)."""
        asked = _terms(question)
        common = asked & _terms(passage.indexed_text)
        return sum(self._idf(term) for term in common) / max(len(asked), 1)

    def _idf(self, term: str) -> float:
        return math.log((self._passages + 1) / (self._holding[term] + 1))


def _terms(text: str) -> frozenset[str]:
    # A name counts as itself beside the stem that it has as a word: names tell passages apart.
    return content_words(text) | names(text) | numbers(text)
