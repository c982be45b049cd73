"""FAISS within this process: exact up to a number of vectors, an HNSW graph beyond it.

New vectors always go into the exact part. Where that has outgrown its limit, or too much of the
graph is marked as taken out, a thread builds the next graph while what is there serves on.
"""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from typing import Any

import numpy as np

from retrieval.embedder import Vectors
from retrieval.index import saved
from retrieval.index.engine import Scores
from retrieval.index.graph import Graph, GraphSettings, extend, new_graph
from retrieval.snapshot import Ids

logger = logging.getLogger(__name__)

_SAVE_SHARE = 0.01
_BATCH = 5_000


class FaissIndex:
    """A `VectorIndex`; its files in `folder` only save reading all vectors again."""

    def __init__(
        self,
        folder: Path,
        corpus: str,
        embedder: str,
        dimension: int,
        settings: GraphSettings | None = None,
    ) -> None:
        self._folder = folder
        self._identity = saved.Identity(corpus, embedder, dimension)
        self._dimension = dimension
        self._settings = settings or GraphSettings()
        # Whoever changes or saves holds the first, whoever changes or searches the second.
        self._changing = threading.RLock()
        self._using = threading.Lock()
        self._flat = _Flat(dimension)
        self._graph: Graph | None = None
        self._graph_part: saved.Part | None = None
        self._generation = -1
        self._unsaved = 0
        self._builder: threading.Thread | None = None
        self._closed = threading.Event()

    def load(self, generation: int, live: Ids) -> None:
        """As in `VectorIndex`; any earlier state will do."""
        parts = saved.read(self._folder, self._identity)
        flat, graph = _Flat(self._dimension), None
        try:
            if "flat" in parts:
                flat = _Flat.read(self._folder / parts["flat"].file)
            if "hnsw" in parts:
                path = self._folder / parts["hnsw"].file
                graph = Graph.read(path, self._settings.breadth_searched)
        except RuntimeError as error:
            logger.warning("The saved index is made anew, for it cannot be read (%s).", error)
            return
        with self._changing, self._using:
            self._flat, self._graph, self._graph_part = flat, graph, parts.get("hnsw")

    def ahead_of(self, generation: int) -> bool:
        """Never: the vectors are this process's own."""
        return False

    def ids(self) -> Ids:
        """As in `VectorIndex`."""
        with self._using:
            return self._ids()

    def add(self, ids: Ids, vectors: Vectors) -> None:
        """As in `VectorIndex`."""
        with self._changing, self._using:
            fresh = ids if self._graph is None else self._graph.mark(ids, dead=False)
            self._flat.add(fresh, vectors[np.isin(ids, fresh)])
            self._unsaved += len(ids)

    def remove(self, ids: Ids) -> None:
        """As in `VectorIndex`."""
        with self._changing, self._using:
            if self._graph is not None:
                ids = self._graph.mark(ids, dead=True)
            self._flat.remove(ids)
            self._unsaved += len(ids)

    def clear(self) -> None:
        """As in `VectorIndex`."""
        with self._changing, self._using:
            self._flat, self._graph, self._graph_part = _Flat(self._dimension), None, None
            self._unsaved += 1

    def search(self, vector: Vectors, top: int) -> tuple[Ids, Scores]:
        """As in `VectorIndex`: exact in the exact part, nearly so in the graph."""
        with self._using:
            graph = self._graph
            ids, scores = self._flat.search(vector, top)
        if graph is None:
            return ids, scores
        others, their_scores = graph.search(vector, top)
        ids, scores = np.append(ids, others), np.append(scores, their_scores)
        best = np.lexsort((ids, -scores))[:top]
        return ids[best], scores[best]

    def vectors(self, ids: Ids) -> tuple[Ids, Vectors]:
        """As in `VectorIndex`."""
        with self._using:
            found, vectors = self._flat.vectors(ids)
            graph = self._graph
        if graph is None:
            return found, vectors
        others, theirs = graph.vectors(ids)
        return np.append(found, others), np.concatenate([vectors, theirs])

    def keep(self, generation: int) -> None:
        """Save where enough has changed, and begin the next graph where it is time."""
        with self._changing:
            self._generation = generation
            if self._graph is not None and self._count() <= self._settings.above // 2:
                self._dissolve()
            if self._unsaved > _SAVE_SHARE * self._count():
                self._save()
            self._build_if_due()

    def close(self) -> None:
        """Stop building, and wait for it to end."""
        self._closed.set()
        builder = self._builder
        if builder is not None:
            builder.join()

    def forget(self) -> None:
        """Close; everything is in the corpus's own folder."""
        self.close()

    def wait(self) -> None:
        """Wait for a graph that is being built, if there is one."""
        builder = self._builder
        if builder is not None:
            builder.join()

    @property
    def graph_size(self) -> int:
        """Vectors in the graph, marked or not; 0 where the index is exact."""
        graph = self._graph
        return 0 if graph is None else len(graph)

    def _ids(self) -> Ids:
        own = self._flat.ids
        return own if self._graph is None else np.union1d(own, self._graph.ids())

    def _count(self) -> int:
        return len(self._flat.ids) + (0 if self._graph is None else len(self._graph.ids()))

    def _dissolve(self) -> None:
        """Go back to the exact part alone."""
        assert self._graph is not None
        ids, vectors = self._graph.vectors(self._graph.ids())
        with self._using:
            self._flat.add(ids, vectors)
            self._graph = self._graph_part = None

    def _build_if_due(self) -> None:
        if self._builder is not None or self._closed.is_set():
            return
        settings, graph = self._settings, self._graph
        if graph is None:
            due = len(self._flat.ids) > settings.above
        else:
            fresh = len(self._flat.ids) > settings.fresh_share * len(graph)
            due = fresh or graph.dead_share > settings.dead_share
        if due:
            self._builder = threading.Thread(target=self._build, name="duet-graph", daemon=True)
            self._builder.start()

    def _build(self) -> None:
        try:
            graph = self._built()
            if graph is not None:
                self._exchange(graph)
        except (RuntimeError, MemoryError) as error:
            logger.warning("No new graph was made, the old index serves on (%s).", error)
        finally:
            with self._changing:
                self._builder = None

    def _built(self) -> Graph | None:
        """A graph of what is here now, made from the present one while few of it are marked."""
        import faiss

        with self._changing:
            old = self._graph
            wanted = self._ids()
        if old is not None and old.dead_share <= self._settings.dead_share:
            index = faiss.clone_index(old.index)
            wanted = np.setdiff1d(wanted, old.ids(), assume_unique=True)
        else:
            index = new_graph(self._dimension, self._settings)
        for start in range(0, len(wanted), _BATCH):
            if self._closed.is_set():
                return None
            extend(index, *self.vectors(wanted[start : start + _BATCH]))
        return Graph(index, self._settings.breadth_searched)

    def _exchange(self, graph: Graph) -> None:
        """Let the new graph serve, with what was added and removed while it was built."""
        with self._changing:
            live = self._ids()
            graph.mark(np.setdiff1d(graph.ids(), live, assume_unique=True), dead=True)
            ids, vectors = self.vectors(np.setdiff1d(live, graph.ids(), assume_unique=True))
            flat = _Flat(self._dimension)
            flat.add(ids, vectors)
            with self._using:
                self._flat, self._graph, self._graph_part = flat, graph, None
            self._save()

    def _save(self) -> None:
        """Write what is here; a failure is logged and costs only time at the next start."""
        writers: dict[str, saved.Writer | saved.Part] = {"flat": self._flat.write}
        if self._graph is not None:
            writers["hnsw"] = self._graph_part or self._graph.write
        try:
            parts = saved.write(self._folder, self._identity, self._generation, writers)
        except (OSError, RuntimeError) as error:
            logger.warning("The index is not saved, and will be made anew (%s).", error)
            return
        if parts:
            self._unsaved = 0
            self._graph_part = parts.get("hnsw")


class _Flat:
    """Exact search. Not to be changed and searched at the same time."""

    def __init__(self, dimension: int, index: Any = None) -> None:
        import faiss

        self._index: Any = index or faiss.IndexIDMap2(faiss.IndexFlatIP(dimension))
        self.ids: Ids = np.sort(faiss.vector_to_array(self._index.id_map))

    @classmethod
    def read(cls, path: Path) -> _Flat:
        import faiss

        index = faiss.read_index(str(path))
        return cls(index.d, index)

    def write(self, path: Path) -> int:
        import faiss

        faiss.write_index(self._index, str(path))
        return len(self.ids)

    def add(self, ids: Ids, vectors: Vectors) -> None:
        if len(ids):
            self._index.add_with_ids(np.ascontiguousarray(vectors), ids)
            self.ids = np.union1d(self.ids, ids)

    def remove(self, ids: Ids) -> None:
        if len(ids):
            self._index.remove_ids(ids)
            self.ids = np.setdiff1d(self.ids, ids)

    def search(self, vector: Vectors, top: int) -> tuple[Ids, Scores]:
        import faiss

        top = min(top, len(self.ids))
        if top < 1:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
        # Per thread in OpenMP. With more, a single query waits for sleepy threads.
        faiss.omp_set_num_threads(1)
        scores, ids = self._index.search(vector, top)
        return ids[0], scores[0]

    def vectors(self, ids: Ids) -> tuple[Ids, Vectors]:
        held = ids[np.isin(ids, self.ids)]
        vectors: Vectors = self._index.reconstruct_batch(held)
        return held, vectors
