"""What a fused query costs over many passages, and what an HNSW graph gives beyond 300,000.

    python tests/benchmarks/search.py [--passages 100000] [--graph 320000] [--data FOLDER]

First table: a corpus whose passages are five sentences each, drawn from the 1,198 of the XQuAD
articles, so that the words are real but each is in far more passages than it would be in 100,000
different ones, which is the harder case for the words' side; asked are XQuAD's own questions. The
vectors are random around 1,000 centres: nothing is encoded, the figures are those of a query beside
the embedding of its question, the best of three for each question. Peak memory is of the whole
process, which cuts, stores, indexes and searches. Second table: such vectors alone, in the exact
index and in the graph, which is built in the background; then with a tenth of them taken out.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import argparse
import json
import random
import re
import resource
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from retrieval.corpus import Corpus
from retrieval.embedder import HashingEmbedder, Progress, Vectors, normalised
from retrieval.index.faiss_index import FaissIndex
from retrieval.index.graph import GraphSettings
from retrieval.lexical import bm25
from retrieval.retriever import Retriever

DIMENSION = 384
CENTRES = 1000
NOISE = 0.05
GIB = 2**30


class RandomVectors(HashingEmbedder):
    """In place of an embedding model: clustered unit vectors that say nothing of the text."""

    def __init__(self) -> None:
        super().__init__(DIMENSION)
        self._random = np.random.default_rng(0)
        self._centres = self._random.standard_normal((CENTRES, DIMENSION), dtype=np.float32)
        self._centres = normalised(self._centres)

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        if progress is not None:
            progress(len(texts))
        return self.drawn(len(texts))

    def drawn(self, count: int) -> Vectors:
        centres = self._centres[self._random.integers(0, CENTRES, count)]
        noise = self._random.standard_normal((count, DIMENSION), dtype=np.float32)
        return normalised(centres + NOISE * noise)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passages", type=int, default=100_000)
    parser.add_argument("--graph", type=int, default=320_000)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/qa_xquad"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if options.passages:
            print_fused(Path(folder), options.data, options.passages)
        if options.graph:
            print_graph(Path(folder), options.graph)


def print_fused(folder: Path, data: Path, passages: int) -> None:
    lines = (data / "qa.jsonl").read_text("utf-8").splitlines()
    questions = [json.loads(line)["question"] for line in lines[::20]]
    corpus = Corpus.open(folder / "corpus", RandomVectors())
    started = time.perf_counter()
    corpus.add([written(folder / "uploads", sentences(data), passages)])
    adding = time.perf_counter() - started
    retriever = Retriever(corpus)
    started = time.perf_counter()
    retriever.search(questions[0])
    first = time.perf_counter() - started
    with corpus.snapshot() as snapshot:
        count = len(snapshot.live_ids())
        whole = best_of_three(questions, retriever.search)
        words = best_of_three(questions, lambda question: bm25(snapshot.connection, question))
        matches = [len(bm25(snapshot.connection, question).ids) for question in questions]
    corpus.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    bound = 2 * count * DIMENSION * 4 + GIB
    print(f"{count} passages, {len(questions)} questions, {np.median(matches):.0f} passages hold a")
    print(f"word of the question in the median; added in {adding:.0f} s without encoding")
    print(f"first search, which fills and saves the index {first:8.2f} s")
    for name, row in (("fused query", whole), ("of it BM25", words)):
        middle, high = np.percentile(row, [50, 95])
        print(f"{name:20}{middle:8.1f} ms median{high:8.1f} ms 95th{max(row):8.1f} ms worst")
    print(f"peak memory {peak / GIB:.2f} GiB, 2x the vectors plus 1 GiB is {bound / GIB:.2f} GiB")


def print_graph(folder: Path, count: int) -> None:
    source = RandomVectors()
    vectors, queries = source.drawn(count), source.drawn(200)
    ids = np.arange(1, count + 1)
    engine = FaissIndex(folder / "graph", "c", "e", DIMENSION, GraphSettings(above=count // 2))
    engine.add(ids, vectors)
    print(f"\n{count} vectors around {CENTRES} centres, {len(queries)} queries, {GraphSettings()}")
    row("exact", engine, ids, vectors, queries)
    started = time.perf_counter()
    engine.keep(1)
    saving = time.perf_counter() - started
    row("exact, while building", engine, ids, vectors, queries)
    engine.wait()
    print(f"saved in {saving:.1f} s, graph built in {time.perf_counter() - started:.0f} s")
    row("graph", engine, ids, vectors, queries)
    fresh = source.drawn(count // 100)
    more = np.arange(count + 1, count + 1 + len(fresh))
    engine.add(more, fresh)
    ids, vectors = np.append(ids, more), np.vstack([vectors, fresh])
    row("1 % new beside it", engine, ids, vectors, queries)
    gone = ids % 10 == 0
    engine.remove(ids[gone])
    row("and 10 % taken out", engine, ids[~gone], vectors[~gone], queries)
    engine.close()


def row(name: str, engine: FaissIndex, ids: np.ndarray, vectors: Vectors, queries: Vectors) -> None:
    best = np.argpartition(-(vectors @ queries.T), 10, axis=0)[:10].T
    found, seconds = 0, []
    for query, wanted in zip(queries, best, strict=True):
        started = time.perf_counter()
        near, _ = engine.search(query[None], 100)
        seconds.append(time.perf_counter() - started)
        found += len(set(near[:10].tolist()) & set(ids[wanted].tolist()))
    middle, high = 1000 * np.percentile(seconds, [50, 95])
    share = found / (10 * len(queries))
    print(f"{name:24} recall@10 {share:.4f}{middle:8.2f} ms median{high:8.2f} ms 95th")


def best_of_three(questions: Sequence[str], ask: object) -> list[float]:
    """Milliseconds of each question."""
    assert callable(ask)
    times = []
    for question in questions:
        runs = []
        for _ in range(3):
            started = time.perf_counter()
            ask(question)
            runs.append(1000 * (time.perf_counter() - started))
        times.append(min(runs))
    return times


def sentences(data: Path) -> list[str]:
    texts = [path.read_text("utf-8") for path in sorted((data / "docs").iterdir())]
    return [part for text in texts for part in re.split(r"(?<=[.?!])\s+|\n+", text) if part[30:]]


def written(folder: Path, pool: Sequence[str], passages: int) -> Path:
    """Files of a hundred sections, each of which makes one passage."""
    draw = random.Random(0)
    folder.mkdir()
    for number in range(passages // 100):
        parts = (f"# Part {number}.{k}\n\n{' '.join(draw.sample(pool, 5))}\n" for k in range(100))
        (folder / f"{number:04}.md").write_text("\n".join(parts), "utf-8")
    return folder


if __name__ == "__main__":
    main()
