"""A question in, ranked passages out: dense and lexical candidates, fused.

The candidates of both sides are scored exactly by both, each score is min-max-normalised within
the candidates, and their weighted mean ranks them (the best fusion of pyserini's BEIR page).
Whether anything relevant was found at all is another matter, decided on the raw scores.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from retrieval.corpus import Corpus
from retrieval.documents import Hit, Passage
from retrieval.embedder import Embedder, Vectors
from retrieval.index import DenseIndex, IndexChoice, open_index
from retrieval.lexical import TermWeights, bm25
from retrieval.loaders.parsed import clean
from retrieval.snapshot import Ids, Snapshot

CANDIDATES = 100
LEXICAL_WEIGHT = 0.5

Column = np.ndarray[tuple[int], np.dtype[np.float64]]


@dataclass(frozen=True, slots=True)
class StageSeconds:
    """Wall time of the parts of one search, in seconds."""

    encode: float
    dense: float
    lexical: float


@dataclass(frozen=True, slots=True)
class Candidates:
    """The best of both sides with exact raw scores; all columns of shape (n,), ids ascending.

    bm25 is 0 where a passage holds no word of the question.
    """

    ids: Ids
    cosines: Column
    bm25: Column
    seconds: StageSeconds

    def fused(self, lexical_weight: float = LEXICAL_WEIGHT) -> Column:
        """The weighted mean of both scores, each min-max-normalised, in [0, 1]."""
        if not len(self.ids):
            return np.empty(0)
        dense, lexical = min_max(self.cosines), min_max(self.bm25)
        return (1 - lexical_weight) * dense + lexical_weight * lexical


class Retriever:
    """Searches one corpus. Safe to use from several threads; sees changes by itself."""

    def __init__(
        self,
        corpus: Corpus,
        candidates: int = CANDIDATES,
        index_choice: IndexChoice | None = None,
    ) -> None:
        self._corpus = corpus
        self._index_choice = index_choice
        self._candidates = candidates
        self._index: DenseIndex | None = None
        self._indexed_by = ""
        self._opening = threading.Lock()

    @property
    def corpus(self) -> Corpus:
        """What is searched."""
        return self._corpus

    def search(
        self, question: str, top: int = 5, lexical_weight: float = LEXICAL_WEIGHT
    ) -> list[Hit]:
        """The best passages for the question, best first; [] where the corpus is empty.

        lexical_weight: share of BM25 in the fused score, in [0, 1].
        Raises EmbedderError or CorpusError.
        """
        question = clean(question)
        if not question.strip() or top < 1:
            return []
        found = self.candidates(question)
        return self.hits(question, found, top, lexical_weight)

    def hits(
        self,
        question: str,
        candidates: Candidates,
        top: int = 5,
        lexical_weight: float = LEXICAL_WEIGHT,
    ) -> list[Hit]:
        """The best of the candidates of this question, as `search` gives them."""
        if not len(candidates.ids):
            return []
        fused = candidates.fused(lexical_weight)
        order = np.lexsort((candidates.ids, -candidates.cosines, -fused))
        with self._corpus.snapshot() as snapshot:
            return self._hits(snapshot, clean(question), top, order, candidates, fused)

    def candidates(self, question: str) -> Candidates:
        """The candidates of both sides, of which every ranking is made.

        Raises EmbedderError or CorpusError.
        """
        question = clean(question)
        while True:
            started = time.perf_counter()
            embedder = self._corpus.embedder
            vector = embedder.encode_query([question])
            encoded = time.perf_counter() - started
            with self._corpus.snapshot() as snapshot:
                # Another embedder may have taken the place of this one meanwhile.
                if snapshot.embedder == embedder.name:
                    return self._scored(snapshot, embedder, vector, question, encoded)

    def ranked_ids(
        self,
        questions: Sequence[str],
        top: int = 5,
        lexical_weight: float = LEXICAL_WEIGHT,
    ) -> list[list[int]]:
        """Ids of the best passages for each question, best first, as `search` ranks them; all
        questions are embedded together. Raises EmbedderError or CorpusError.
        """
        asked = [clean(question) for question in questions]
        if not asked:
            return []
        while True:
            embedder = self._corpus.embedder
            vectors = embedder.encode_query(asked)
            with self._corpus.snapshot() as snapshot:
                if snapshot.embedder != embedder.name:
                    continue
                orders = []
                for row, question in enumerate(asked):
                    vector = vectors[row : row + 1]
                    found = self._scored(snapshot, embedder, vector, question, 0.0)
                    fused = found.fused(lexical_weight)
                    order = np.lexsort((found.ids, -found.cosines, -fused))
                    orders.append([int(found.ids[place]) for place in order[:top]])
                return orders

    def close(self) -> None:
        """Let go of the index: what it does in the background ends."""
        with self._opening:
            index, self._index = self._index, None
        if index is not None:
            index.close()

    def forget_index(self) -> None:
        """Remove what is kept of the corpus outside its own folder. Raises CorpusError."""
        with self._opening:
            if self._index is None:
                self._index = self._opened(self._corpus.embedder)
        self._index.forget()

    def _followed(self, snapshot: Snapshot, embedder: Embedder) -> DenseIndex:
        with self._opening:
            if self._index is None or self._indexed_by != embedder.name:
                if self._index is not None:
                    self._index.close()
                self._index = self._opened(embedder)
                self._indexed_by = embedder.name
            index = self._index
        index.follow(snapshot)
        return index

    def _opened(self, embedder: Embedder) -> DenseIndex:
        return open_index(
            self._corpus.folder / "index",
            self._corpus.identity,
            embedder.name,
            embedder.dimension,
            self._index_choice,
        )

    def _scored(
        self,
        snapshot: Snapshot,
        embedder: Embedder,
        vector: Vectors,
        question: str,
        encoded: float,
    ) -> Candidates:
        index = self._followed(snapshot, embedder)
        started = time.perf_counter()
        near, _ = index.search(vector, self._candidates)
        neared = time.perf_counter()
        words = bm25(snapshot.connection, question, self._candidates, near.tolist())
        ranked = time.perf_counter()
        ids = np.union1d(near, words.ids)
        cosines = index.cosines(vector, ids).astype(np.float64)
        lexical = np.zeros(len(ids))
        _, here, there = np.intersect1d(ids, words.ids, assume_unique=True, return_indices=True)
        lexical[here] = words.scores[there]
        # The index may be ahead of, or behind, this snapshot by what others changed meanwhile.
        known = ~np.isnan(cosines)
        seconds = StageSeconds(
            encoded, neared - started + time.perf_counter() - ranked, ranked - neared
        )
        return Candidates(ids[known], cosines[known], lexical[known], seconds)

    def _hits(
        self,
        snapshot: Snapshot,
        question: str,
        top: int,
        order: Ids,
        found: Candidates,
        fused: Column,
    ) -> list[Hit]:
        weights = TermWeights(snapshot.connection, question)
        hits: list[Hit] = []
        passages: dict[int, Passage] = {}
        for number, place in enumerate(order):
            if number % top == 0:  # most often the first few are enough
                passages = snapshot.live_passages(found.ids[order[number : number + top]].tolist())
            passage = passages.get(int(found.ids[place]))
            if passage is None:
                continue
            hits.append(
                Hit(
                    passage=passage,
                    rank=len(hits) + 1,
                    score=float(fused[place]),
                    cosine=float(np.clip(found.cosines[place], -1, 1)),
                    bm25=float(found.bm25[place]),
                    overlap=weights.overlap(passage.indexed_text),
                )
            )
            if len(hits) == top:
                break
        places = snapshot.also_in([hit.passage.id for hit in hits])
        return [replace(hit, also_in=places.get(hit.passage.id, ())) for hit in hits]


def min_max(scores: Column) -> Column:
    """Scores stretched to [0, 1]; where all are alike, 1 if above 0, else 0."""
    low, high = float(scores.min()), float(scores.max())
    if high > low:
        return (scores - low) / (high - low)
    return np.full(len(scores), 1.0 if high > 0 else 0.0)
