"""An embedder that takes no more tokens than it is told, so that passages are cut to that size."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from retrieval.embedder import Embedder, Progress, Vectors

SMALLEST = 32


class SizedEmbedder:
    """The same vectors under the same name, for shorter texts.

    remember: whether the vectors of questions are kept, for asking the same ones several times.
    """

    def __init__(self, embedder: Embedder, max_tokens: int, remember: bool = False) -> None:
        self.name, self.dimension = embedder.name, embedder.dimension
        self.max_tokens = max(SMALLEST, min(max_tokens, embedder.max_tokens))
        self._embedder = embedder
        self._questions: dict[str, Vectors] | None = {} if remember else None

    def resized(self, max_tokens: int) -> SizedEmbedder:
        """Another size, with the same memory of questions."""
        other = SizedEmbedder(self._embedder, max_tokens)
        other._questions = self._questions
        return other

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        """As in `Embedder`."""
        return self._embedder.encode(texts, progress)

    def encode_query(self, questions: Sequence[str]) -> Vectors:
        """As in `Embedder`."""
        if self._questions is None:
            return self._embedder.encode_query(questions)
        for question in questions:
            if question not in self._questions:
                self._questions[question] = self._embedder.encode_query([question])
        rows = [self._questions[question] for question in questions]
        return np.concatenate(rows) if rows else np.empty((0, self.dimension), dtype=np.float32)

    def token_spans(self, text: str) -> list[tuple[int, int]]:
        """As in `Embedder`."""
        return self._embedder.token_spans(text)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """As in `Embedder`."""
        return self._embedder.count_tokens(texts)


def sized(embedder: Embedder, tokens: int) -> Embedder:
    """The embedder for passages of at most so many tokens; 0 for as many as it takes."""
    return SizedEmbedder(embedder, tokens) if tokens else embedder
