"""Nearest vectors: an index that follows the corpus, over an engine of choice.

`DenseIndex` is what a search uses. The engines hold vectors by passage id: FAISS within this
process (the default), or a Milvus server. corpus.db stays the only copy that counts, and every
engine is filled from it anew at will.
"""

from __future__ import annotations

from pathlib import Path

from retrieval.index.engine import Scores, VectorIndex
from retrieval.index.following import DenseIndex

__all__ = ["DenseIndex", "Scores", "VectorIndex", "open_index"]


def open_index(folder: Path, corpus: str, embedder: str, dimension: int) -> DenseIndex:
    """The index of a corpus. folder: for its cache, made when needed.

    corpus: the identity of the corpus. embedder: the name of the model of its vectors.
    """
    from retrieval.index.faiss_index import FaissIndex

    return DenseIndex(FaissIndex(folder, corpus, embedder, dimension), dimension)
