"""Nearest vectors: an index that follows the corpus, over an engine of choice.

`DenseIndex` is what a search uses. The engines hold vectors by passage id: FAISS within this
process (the default), or a Milvus server. corpus.db stays the only copy that counts, and every
engine is filled from it anew at will.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from retrieval.index.engine import Scores, VectorIndex
from retrieval.index.following import DenseIndex

__all__ = ["DenseIndex", "IndexChoice", "Scores", "VectorIndex", "open_index"]

_FILE = "milvus:"


@dataclass(frozen=True, slots=True)
class IndexChoice:
    """Which engine holds the vectors.

    address: "" for FAISS; `milvus:` for milvus-lite in the corpus's own folder, `milvus:FOLDER` for
    one in that folder; the http or https address of a Milvus server. token: for the server.
    """

    address: str = ""
    token: str = field(default="", repr=False)


def open_index(
    folder: Path, corpus: str, embedder: str, dimension: int, choice: IndexChoice | None = None
) -> DenseIndex:
    """The index of a corpus. folder: for its cache, made when needed.

    corpus: the identity of the corpus. embedder: the name of the model of its vectors. Nothing is
    opened or sent before the index follows.
    """
    address = choice.address if choice else ""
    engine: VectorIndex
    if choice is None or not address:
        from retrieval.index.faiss_index import FaissIndex

        engine = FaissIndex(folder, corpus, embedder, dimension)
    else:
        from retrieval.index.milvus_index import MilvusIndex

        uri = address
        if address.startswith(_FILE):
            place = address.removeprefix(_FILE)
            uri = str((Path(place).expanduser() if place else folder).absolute() / "milvus.db")
        engine = MilvusIndex(uri, choice.token, corpus, embedder, dimension)
    return DenseIndex(engine, dimension)
