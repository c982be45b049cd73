"""Nearest vectors by exact inner product. The only home of faiss.

The index lives in memory and follows the corpus by the difference of passage ids. Its file in
`index/` only saves reading all vectors again: it is used where its checksum and its corpus are
right, and made anew where it is missing, damaged or old.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from retrieval.embedder import Vectors
from retrieval.errors import CorpusError
from retrieval.snapshot import Ids, Snapshot

logger = logging.getLogger(__name__)

_REBUILD_SHARE = 0.5
_SAVE_SHARE = 0.01

Scores = np.ndarray[tuple[int], np.dtype[np.float32]]


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the saved index is of. sha256: of the index file."""

    corpus: str
    generation: int
    embedder: str
    dimension: int
    count: int
    sha256: str


class DenseIndex:
    """The vectors of one corpus. Safe to use from several threads."""

    def __init__(self, folder: Path, corpus: str, embedder: str, dimension: int) -> None:
        self._folder = folder
        self._corpus = corpus
        self._embedder = embedder
        self._dimension = dimension
        self._lock = threading.Lock()
        self._index: Any = None
        self._ids: Ids = np.empty(0, dtype=np.int64)
        self._generation = -1
        self._unsaved = 0

    def follow(self, snapshot: Snapshot) -> None:
        """Bring the index to the state of the snapshot, unless it is there or ahead."""
        with self._lock:
            if snapshot.generation <= self._generation:
                return
            if self._index is None:
                self._load()
            self._change(snapshot)
            self._generation = snapshot.generation
            if self._unsaved > _SAVE_SHARE * len(self._ids):
                self._save()

    def search(self, vector: Vectors, top: int) -> tuple[Ids, Scores]:
        """Ids and cosines of the nearest passages, best first. vector: shape (1, dimension)."""
        import faiss

        with self._lock:
            top = min(top, len(self._ids))
            if not top:
                return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
            # Per thread in OpenMP. With more, a single query waits for sleepy threads.
            faiss.omp_set_num_threads(1)
            scores, ids = self._index.search(vector, top)
        return ids[0], scores[0]

    def cosines(self, vector: Vectors, ids: Ids) -> Scores:
        """Exact cosines of those passages that are in the index; NaN for the others."""
        with self._lock:
            held = np.isin(ids, self._ids)
            scores: Scores = np.full(len(ids), np.nan, dtype=np.float32)
            for place in np.flatnonzero(held):
                scores[place] = vector[0] @ self._index.reconstruct(int(ids[place]))
        return scores

    def _change(self, snapshot: Snapshot) -> None:
        live = snapshot.live_ids()
        gone = np.setdiff1d(self._ids, live, assume_unique=True)
        if self._index is None or len(gone) > _REBUILD_SHARE * len(self._ids):
            self._index = _empty(self._dimension)
            self._ids = np.empty(0, dtype=np.int64)
        elif len(gone):
            self._index.remove_ids(gone)
            self._ids = np.setdiff1d(self._ids, gone, assume_unique=True)
        new = np.setdiff1d(live, self._ids, assume_unique=True)
        if len(new):
            ids, vectors = snapshot.vectors(new.tolist(), self._dimension)
            if len(ids) != len(new):
                raise CorpusError(
                    f"Vectors of {len(new) - len(ids)} passages are missing in "
                    f"{self._folder.parent}: add their documents again."
                )
            self._index.add_with_ids(np.ascontiguousarray(vectors), ids)
        self._ids = live
        self._unsaved += len(new) + len(gone)

    def _load(self) -> None:
        """Take the saved index where it is whole and of this corpus; any earlier state will do."""
        import faiss

        file, note = self._folder / "vectors.faiss", self._folder / "manifest.json"
        try:
            manifest = Manifest(**json.loads(note.read_text(encoding="utf-8")))
            with file.open("rb") as stream:
                found = hashlib.file_digest(stream, "sha256").hexdigest()
        except FileNotFoundError:
            return
        except (OSError, ValueError, TypeError) as error:
            logger.warning("The saved index is made anew, for it cannot be read (%s).", error)
            return
        expected = (self._corpus, self._embedder, self._dimension, found)
        if (
            manifest.corpus,
            manifest.embedder,
            manifest.dimension,
            manifest.sha256,
        ) != expected:
            logger.warning("The saved index is made anew, for it is damaged or of other documents.")
            return
        self._index = faiss.read_index(str(file))
        self._ids = np.sort(faiss.vector_to_array(self._index.id_map))

    def _save(self) -> None:
        """Write index and manifest; a failure is logged and costs only time at the next start."""
        import faiss

        temporary = self._folder / f".vectors-{os.getpid()}.faiss"
        note = self._folder / f".manifest-{os.getpid()}.json"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            faiss.write_index(self._index, str(temporary))
            with temporary.open("rb+") as stream:
                sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
                os.fsync(stream.fileno())
            manifest = Manifest(
                corpus=self._corpus,
                generation=self._generation,
                embedder=self._embedder,
                dimension=self._dimension,
                count=len(self._ids),
                sha256=sha256,
            )
            with note.open("w", encoding="utf-8") as text:
                json.dump(asdict(manifest), text, indent=2)
                text.flush()
                os.fsync(text.fileno())
            temporary.replace(self._folder / "vectors.faiss")
            note.replace(self._folder / "manifest.json")
            self._unsaved = 0
        except (OSError, RuntimeError) as error:
            logger.warning("The index is not saved, and will be made anew (%s).", error)
            for left in (temporary, note):
                with contextlib.suppress(OSError):
                    left.unlink()


def _empty(dimension: int) -> Any:
    import faiss

    return faiss.IndexIDMap2(faiss.IndexFlatIP(dimension))
