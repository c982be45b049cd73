"""What an engine does: hold unit vectors by passage id and find the nearest."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from retrieval.embedder import Vectors
from retrieval.snapshot import Ids

Scores = np.ndarray[tuple[int], np.dtype[np.float32]]


class VectorIndex(Protocol):
    """One set of vectors. `search` and `vectors` may be called from any thread at any time.

    The others are called by one thread at a time. All raise CorpusError, or its subclasses, where
    the engine cannot be reached.
    """

    def load(self, generation: int, live: Ids) -> None:
        """Take up what was kept before, where it is whole and of this corpus; else stay empty.

        generation, live: the present state of the corpus, to compare with.
        """
        ...

    def ahead_of(self, generation: int) -> bool:
        """Whether another process has brought the vectors to a later state than this one."""
        ...

    def ids(self) -> Ids:
        """Ids of all vectors held, ascending."""
        ...

    def add(self, ids: Ids, vectors: Vectors) -> None:
        """Hold these too. ids: none of them held. vectors: shape (n, dimension), unit length."""
        ...

    def remove(self, ids: Ids) -> None:
        """Hold these no longer."""
        ...

    def clear(self) -> None:
        """Hold none."""
        ...

    def search(self, vector: Vectors, top: int) -> tuple[Ids, Scores]:
        """Up to `top` ids with their inner products, best first. vector: shape (1, dimension)."""
        ...

    def vectors(self, ids: Ids) -> tuple[Ids, Vectors]:
        """Those of the ids that are held, with their vectors, in any order."""
        ...

    def keep(self, generation: int) -> None:
        """Note that what is held is the corpus's state of that generation."""
        ...

    def close(self) -> None:
        """Let go of threads and connections. Closing twice does no harm."""
        ...

    def forget(self) -> None:
        """Close, and remove what is kept outside the corpus's own folder."""
        ...
