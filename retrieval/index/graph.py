"""An HNSW graph (Malkov and Yashunin, arXiv:1603.09320) over unit vectors, through faiss.

Nothing is added to a graph once it serves, and a vector taken out of it is only marked: a graph is
searched without a lock, and one with many marks is replaced by a new one.
"""

from __future__ import annotations

import importlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from retrieval.embedder import Vectors
from retrieval.index.engine import Scores
from retrieval.snapshot import Ids

Marks = np.ndarray[tuple[int], np.dtype[np.bool_]]


@dataclass(frozen=True, slots=True)
class GraphSettings:
    """When there is a graph, and of what kind. The values come from tests/benchmarks/search.py.

    above: vectors beyond which there is one. links: neighbours of a node (M). breadth_built,
    breadth_searched: candidates kept (efConstruction, efSearch). fresh_share, dead_share: of the
    graph's vectors, of new ones beside it and of marked ones in it, at which it is replaced.
    """

    above: int = 300_000
    links: int = 32
    breadth_built: int = 80
    breadth_searched: int = 160
    fresh_share: float = 0.1
    dead_share: float = 0.2


class Graph:
    """Vectors by id with marks for those taken out."""

    def __init__(self, index: Any, breadth: int) -> None:
        """index: a faiss IndexIDMap over an IndexHNSWFlat."""
        import faiss

        self.index = index
        self._inner: Any = faiss.downcast_index(index.index)
        self._breadth = breadth
        self._ids: Ids = faiss.vector_to_array(index.id_map)
        self._order = np.argsort(self._ids)
        self._sorted = self._ids[self._order]
        self._dead: Marks = np.zeros(len(self._ids), dtype=np.bool_)

    @classmethod
    def read(cls, path: Path, breadth: int) -> Self:
        """A graph written before. Raises RuntimeError."""
        import faiss

        return cls(faiss.read_index(str(path)), breadth)

    def write(self, path: Path) -> int:
        """Write all vectors, marked or not; returns how many. Raises RuntimeError."""
        import faiss

        faiss.write_index(self.index, str(path))
        return len(self._ids)

    @property
    def dead_share(self) -> float:
        """Of the vectors, those that are marked."""
        return float(self._dead.mean()) if len(self._dead) else 0.0

    def __len__(self) -> int:
        return len(self._ids)

    def ids(self) -> Ids:
        """Ids that are not marked, ascending."""
        kept: Ids = self._sorted[~self._dead[self._order]]
        return kept

    def mark(self, ids: Ids, dead: bool) -> Ids:
        """Take those of the ids that are here out, or in again; returns the others."""
        places, here = self._places(ids)
        marks = self._dead.copy()  # a search that is under way keeps those it began with
        marks[places] = dead
        self._dead = marks
        return ids[~here]

    def search(self, vector: Vectors, top: int) -> tuple[Ids, Scores]:
        """As in `VectorIndex`, approximately: see `GraphSettings`."""
        dead = self._dead
        top = min(top, len(dead) - int(dead.sum()))
        if top < 1:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
        settings = _search_settings(max(self._breadth, top), ~dead if dead.any() else None)
        scores, places = self._inner.search(vector, top, params=settings)
        found = places[0] >= 0
        return self._ids[places[0][found]], scores[0][found]

    def vectors(self, ids: Ids) -> tuple[Ids, Vectors]:
        """As in `VectorIndex`."""
        places, here = self._places(ids)
        kept = ~self._dead[places]
        places, wanted = places[kept], ids[here][kept]
        vectors: Vectors = self._inner.reconstruct_batch(places)
        return wanted, vectors

    def _places(self, ids: Ids) -> tuple[Ids, Marks]:
        """Places of those of the ids that are here, marked or not, and which these are."""
        if not len(self._ids):
            return np.empty(0, dtype=np.int64), np.zeros(len(ids), dtype=np.bool_)
        near = np.minimum(np.searchsorted(self._sorted, ids), len(self._sorted) - 1)
        here: Marks = self._sorted[near] == ids
        return self._order[near[here]], here


def new_graph(dimension: int, settings: GraphSettings) -> Any:
    """An empty faiss IndexIDMap over an IndexHNSWFlat."""
    import faiss

    kind = f"IDMap,HNSW{settings.links},Flat"
    index: Any = faiss.index_factory(dimension, kind, faiss.METRIC_INNER_PRODUCT)
    inner: Any = faiss.downcast_index(index.index)
    inner.hnsw.efConstruction = settings.breadth_built
    return index


def extend(index: Any, ids: Ids, vectors: Vectors) -> None:
    """Add to a graph that does not serve yet, with all processors."""
    import faiss

    faiss.omp_set_num_threads(os.cpu_count() or 1)
    index.add_with_ids(vectors, ids)


def _search_settings(breadth: int, alive: Marks | None) -> Any:
    """One thread, for a single query with more of them waits for sleepy ones."""
    faiss: Any = importlib.import_module("faiss")  # its type stubs lack these two
    faiss.omp_set_num_threads(1)
    selector = None
    if alive is not None:
        selector = faiss.IDSelectorBitmap(np.packbits(alive, bitorder="little"))
    return faiss.SearchParametersHNSW(efSearch=breadth, sel=selector)
