"""What indexing costs beyond embedding, and what a small change to a large corpus costs.

    python tests/benchmarks/indexing.py [--files 3000] [--data ../shared/data/qa_xquad]

Markdown files of one or two passages each, of sentences drawn from the 1,198 of the XQuAD articles:
the words are real, their order from sentence to sentence is not. First the bare
`SentenceTransformer.encode` of one half of the passages, sorted by length, then `Corpus.add` of all
files into an empty corpus (reading in child processes, splitting, languages, near-duplicates,
embedding, storing, both indexes; no self-check), then the bare encode of the other half, all with
one model object: so a load that rises or falls meets both. The limit is 1.1. On a machine that
others use the wall clock says little; CPU seconds, of the reading processes as well, are the
steadier figure. The processes and the model of languages are started by an addition before, which
is not counted, as on a page that has had one. Then one file is added, removed, and all are added
again unchanged. Takes about five minutes on two idle cores.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import argparse
import random
import re
import resource
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import psutil

from retrieval.corpus import Corpus
from retrieval.embedder import (
    HashingEmbedder,
    Progress,
    TransformerEmbedder,
    Vectors,
    load_embedder,
)
from retrieval.retriever import Retriever

GIB = 2**30


class Cutting(HashingEmbedder):
    """Cuts passages as the built-in embedder does, without embedding them."""

    def __init__(self, real: TransformerEmbedder) -> None:
        super().__init__()
        self.token_spans, self.count_tokens = real.token_spans, real.count_tokens  # type: ignore[method-assign]

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        return np.zeros((len(texts), self.dimension), dtype=np.float32)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    here = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "qa_xquad"
    parser.add_argument("--files", type=int, default=3000)
    parser.add_argument("--data", type=Path, default=here)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pool = sentences(options.data)
        uploads = written(folder / "uploads", pool, options.files, seed=0)
        later = written(folder / "later", pool, 1, seed=1) / "0000.md"
        later = later.rename(folder / "added-later.md")
        first = written(folder / "first", pool, 1, seed=2)
        embedder = load_embedder()
        assert isinstance(embedder, TransformerEmbedder)
        texts = passages(folder / "cut", uploads, Cutting(embedder))
        corpus = Corpus.open(folder / "corpus", embedder)
        corpus.add([first])
        before = peak()
        print_ratio(corpus, uploads, embedder, texts)
        vectors = len(texts) * embedder.dimension * 4
        print(
            f"peak memory {peak() / GIB:.2f} GiB, {(peak() - before) / GIB:.2f} of it since the "
            f"model was loaded; 2x the vectors plus 1 GiB is {(2 * vectors + GIB) / GIB:.2f} GiB"
        )
        print_changes(corpus, uploads, later)
        corpus.close()


def print_ratio(
    corpus: Corpus, uploads: Path, embedder: TransformerEmbedder, texts: Sequence[str]
) -> None:
    model = embedder._loaded()

    def bare(half: Sequence[str]) -> tuple[float, float]:
        ordered = sorted(half, key=len, reverse=True)
        return timed(lambda: model.encode(ordered, show_progress_bar=False))

    halves = [bare(texts[::2])]
    before = children_seconds(corpus)
    wall, cpu = timed(lambda: corpus.add([uploads]))
    cpu += children_seconds(corpus) - before
    halves.append(bare(texts[1::2]))
    encode = [sum(column) for column in zip(*halves, strict=True)]
    dtype = next(model.parameters()).dtype  # type: ignore[attr-defined]
    print(f"{len(texts)} passages, {model.device}, {dtype}")
    print(f"{'':14}{'wall s':>10}{'CPU s':>10}")
    print(f"{'bare encode':14}{encode[0]:10.2f}{encode[1]:10.2f}")
    print(f"{'Corpus.add':14}{wall:10.2f}{cpu:10.2f}")
    print(f"{'ratio':14}{wall / encode[0]:10.3f}{cpu / encode[1]:10.3f}")


def print_changes(corpus: Corpus, uploads: Path, later: Path) -> None:
    retriever = Retriever(corpus)
    steps: dict[str, Callable[[], object]] = {
        "first search": lambda: retriever.search("Who won the war?"),
        "next search": lambda: retriever.search("Who won the war?"),
        "add one file": lambda: corpus.add([later]),
        "search after it": lambda: retriever.search("Who won the war?"),
        "remove it": lambda: corpus.remove(later.name),
        "list documents": corpus.documents,
        "add all again": lambda: corpus.add([uploads]),
    }
    for name, step in steps.items():
        wall, cpu = timed(step)
        print(f"{name:18}{wall:10.2f} s{cpu:10.2f} s CPU")


def passages(folder: Path, uploads: Path, cutting: Cutting) -> list[str]:
    """Indexed texts of what the files are cut into."""
    corpus = Corpus.open(folder, cutting)
    corpus.add([uploads])
    texts = [passage.indexed_text for passage in corpus.passages()]
    corpus.close()
    return texts


def sentences(data: Path) -> list[str]:
    texts = [path.read_text("utf-8") for path in sorted((data / "docs").iterdir())]
    return [part for text in texts for part in re.split(r"(?<=[.?!])\s+|\n+", text) if part[30:]]


def written(folder: Path, pool: Sequence[str], files: int, seed: int) -> Path:
    """Markdown files of one section, each fifth of two, of three to six sentences."""
    draw = random.Random(seed)
    folder.mkdir()
    for number in range(files):
        parts = [f"# Article {seed} {number}"]
        for section in range(2 if number % 5 == 0 else 1):
            drawn = " ".join(draw.sample(pool, draw.randint(3, 6)))
            parts.append(f"## Part {section + 1}\n\n{drawn}")
        (folder / f"{number:04}.md").write_text("\n\n".join(parts) + "\n", "utf-8")
    return folder


def children_seconds(corpus: Corpus) -> float:
    """CPU seconds so far of the processes that read, which go on and so are in no `os.times`."""
    return sum(sum(psutil.Process(child.pid).cpu_times()[:2]) for child in corpus._pool._waiting)


def peak() -> int:
    """Most bytes this process has had in memory."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Wall and CPU seconds that the work takes in this process."""
    start, before = time.perf_counter(), os.times()
    work()
    wall, after = time.perf_counter() - start, os.times()
    return wall, sum(after[:2]) - sum(before[:2])


if __name__ == "__main__":
    main()
