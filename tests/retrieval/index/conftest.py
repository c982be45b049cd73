"""Every kind of vector index, small, over vectors made on the spot."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from retrieval.embedder import Vectors, normalised
from retrieval.index import VectorIndex
from retrieval.index.faiss_index import FaissIndex
from retrieval.index.graph import GraphSettings
from retrieval.index.milvus_index import MilvusIndex
from retrieval.snapshot import Ids

DIMENSION = 16
SMALL_GRAPH = GraphSettings(above=200, links=16, breadth_built=64, breadth_searched=64)


@dataclass(slots=True)
class Engines:
    """Opens the same kind of index again and again, as later processes would."""

    kind: str
    folder: Path
    opened: list[VectorIndex] = field(default_factory=list)

    def open(self, corpus: str = "corpus-a", embedder: str = "hashing-16") -> VectorIndex:
        if self.kind == "milvus":
            file = str(self.folder / "milvus.db")
            engine: VectorIndex = MilvusIndex(file, "", corpus, embedder, DIMENSION)
            self.opened.append(engine)
            return engine
        folder = self.folder / corpus
        settings = SMALL_GRAPH if self.kind == "hnsw" else GraphSettings()
        engine = FaissIndex(folder, corpus, embedder, DIMENSION, settings)
        self.opened.append(engine)
        return engine

    def settled(self, engine: VectorIndex, generation: int = 1) -> VectorIndex:
        """After all that goes on in the background."""
        engine.keep(generation)
        if isinstance(engine, FaissIndex):
            engine.wait()
        return engine


@pytest.fixture(params=["flat", "hnsw", "milvus"])
def engines(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engines]:
    if request.param == "milvus" and find_spec("milvus_lite") is None:
        pytest.skip("milvus-lite is not installed")
    made = Engines(request.param, tmp_path / "engines")
    yield made
    for engine in made.opened:
        engine.close()


@pytest.fixture
def points() -> Callable[..., tuple[Ids, Vectors]]:
    """Unit vectors around a few centres, with ids from `first` on."""

    def made(count: int, first: int = 1, seed: int = 0) -> tuple[Ids, Vectors]:
        random = np.random.default_rng(seed + first)
        centres = np.random.default_rng(7).standard_normal((12, DIMENSION))
        noise = 0.4 * random.standard_normal((count, DIMENSION))
        vectors = centres[random.integers(0, len(centres), count)] + noise
        return np.arange(first, first + count), normalised(vectors.astype(np.float32))

    return made
