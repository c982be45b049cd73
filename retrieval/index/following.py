"""An index that follows the corpus by the difference of passage ids.

A passage id stands for one text for ever, so what an engine holds under an id that is still live
is right, and only the difference has to be moved.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from retrieval.embedder import Vectors
from retrieval.errors import CorpusError
from retrieval.index.engine import Scores, VectorIndex
from retrieval.snapshot import Ids, Snapshot

logger = logging.getLogger(__name__)

_REBUILD_SHARE = 0.5
_BATCH = 20_000
_COMPARED = 64


class DenseIndex:
    """The vectors of one corpus, in any engine. Safe to use from several threads."""

    def __init__(self, engine: VectorIndex, dimension: int) -> None:
        self._engine = engine
        self._dimension = dimension
        self._following = threading.Lock()
        self._generation = -1
        self._loaded = False

    def follow(self, snapshot: Snapshot) -> None:
        """Bring the index to the state of the snapshot, unless it is there or ahead.

        Raises CorpusError where vectors are missing or the engine fails; then nothing is lost and
        the next call goes on from there.
        """
        if snapshot.generation <= self._generation:
            return
        with self._following:
            if snapshot.generation <= self._generation:
                return
            live = snapshot.live_ids()
            with self._looking_again():
                if not self._loaded:
                    self._engine.load(snapshot.generation, live)
                    self._refuse_strangers(snapshot, live)
                    self._loaded = True
                if self._engine.ahead_of(snapshot.generation):
                    return
                self._change(snapshot, live)
                self._generation = snapshot.generation
                self._engine.keep(snapshot.generation)

    def search(self, vector: Vectors, top: int) -> tuple[Ids, Scores]:
        """Ids and cosines of the nearest passages, best first. vector: shape (1, dimension)."""
        with self._looking_again():
            return self._engine.search(vector, top)

    def cosines(self, vector: Vectors, ids: Ids) -> Scores:
        """Exact cosines of those passages that are in the index; NaN for the others."""
        with self._looking_again():
            held, vectors = self._engine.vectors(ids)
        scores: Scores = np.full(len(ids), np.nan, dtype=np.float32)
        if len(held):
            order = np.argsort(held)
            places = np.minimum(np.searchsorted(held, ids, sorter=order), len(held) - 1)
            rows = order[places]
            found = held[rows] == ids
            scores[found] = (vectors @ vector[0])[rows[found]]
        return scores

    def close(self) -> None:
        """Let go of the engine."""
        self._engine.close()

    def forget(self) -> None:
        """Close, and remove what the engine keeps outside the corpus's own folder."""
        self._engine.forget()

    @contextmanager
    def _looking_again(self) -> Iterator[None]:
        """After a failure, compare with what the engine holds before it is searched again."""
        try:
            yield
        except CorpusError:
            self._loaded, self._generation = False, -1
            raise

    def _change(self, snapshot: Snapshot, live: Ids) -> None:
        held = self._engine.ids()
        gone = np.setdiff1d(held, live, assume_unique=True)
        if len(gone) > _REBUILD_SHARE * len(held):
            self._engine.clear()
            held = np.empty(0, dtype=np.int64)
        elif len(gone):
            self._engine.remove(gone)
        new = np.setdiff1d(live, held, assume_unique=True)
        for start in range(0, len(new), _BATCH):
            wanted = new[start : start + _BATCH]
            ids, vectors = snapshot.vectors(wanted.tolist(), self._dimension)
            if len(ids) != len(wanted):
                raise CorpusError(
                    f"Vectors of {len(wanted) - len(ids)} passages are missing in corpus.db: add "
                    "their documents again."
                )
            self._engine.add(ids, np.ascontiguousarray(vectors))

    def _refuse_strangers(self, snapshot: Snapshot, live: Ids) -> None:
        """Start anew where a corpus.db put back from a copy has given ids to other passages.

        Those would be the newest, so that comparing these is enough.
        """
        common = np.intersect1d(self._engine.ids(), live, assume_unique=True)[-_COMPARED:]
        if not len(common):
            return
        ids, vectors = snapshot.vectors(common.tolist(), self._dimension)
        held, found = self._engine.vectors(common)
        right = vectors[np.argsort(ids)]
        if len(held) == len(ids) and np.allclose(found[np.argsort(held)], right, atol=1e-4):
            return
        logger.warning("The saved index is made anew, for corpus.db holds other passages now.")
        self._engine.clear()
