"""What indexing costs beyond embedding, and what a small change to a large corpus costs.

    python tests/benchmarks/indexing.py [--documents 100] [--rounds 3]

First: `Corpus.add` of many Markdown files (reading, splitting, embedding, storing, both indexes)
against the bare `SentenceTransformer.encode` of the same passages, sorted by length, with the same
model object and so in the same dtype. The order alternates and the best of the rounds counts; at
most 1.1 is wanted. On a machine that others use at the same time the wall clock says little: the
CPU seconds (children included) are the steadier figure. Second: opening a corpus of 3,000 files,
adding one more, searching. Takes two to four minutes on two cores.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import argparse
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from retrieval.corpus import Corpus
from retrieval.embedder import Embedder, HashingEmbedder, TransformerEmbedder, load_embedder
from retrieval.retriever import Retriever

WORDS = (
    "water tank boiler steam brass handle valve pressure lamp ring dial filter grinder cup plate "
    "heat minute degree litre gram repair workshop warranty order number part price return parcel "
    "morning harbour river tide island bridge works people paper letter colour green amber quiet "
    "opens closes holds turns lifts cleans warms measures replaces checks asks shows begins ends "
    "slowly quickly never always often below above between after before during the a of to with"
).split()
LARGE = 3000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print_ratio(Path(folder), options.documents, options.rounds)
        print_large(Path(folder))


def print_ratio(folder: Path, documents: int, rounds: int) -> None:
    uploads = written(folder / "uploads", documents)
    embedder = load_embedder()
    assert isinstance(embedder, TransformerEmbedder)
    model = embedder._loaded()
    first = Corpus.open(folder / "first", embedder)
    first.add([uploads])
    texts = sorted((p.indexed_text for p in first.passages()), key=len, reverse=True)
    first.close()

    def bare() -> tuple[float, float]:
        return timed(lambda: model.encode(texts, show_progress_bar=False))

    def added(number: int) -> tuple[float, float]:
        corpus = Corpus.open(folder / f"round-{number}", embedder)
        seconds = timed(lambda: corpus.add([uploads]))
        corpus.close()
        return seconds

    encoding: list[tuple[float, float]] = []
    indexing: list[tuple[float, float]] = []
    for number in range(rounds):
        if number % 2:
            indexing.append(added(number))
            encoding.append(bare())
        else:
            encoding.append(bare())
            indexing.append(added(number))
    dtype = next(model.parameters()).dtype
    print(f"{documents} Markdown files, {len(texts)} passages, {model.device}, {dtype}")
    print(f"{'':14}{'wall s':>10}{'CPU s':>10}{'passages/s':>12}")
    best = {}
    for name, rows in (("bare encode", encoding), ("Corpus.add", indexing)):
        wall, cpu = (min(column) for column in zip(*rows, strict=True))
        best[name] = (wall, cpu)
        print(f"{name:14}{wall:10.2f}{cpu:10.2f}{len(texts) / wall:12.0f}")
    (wall, cpu), (whole, all_cpu) = best["bare encode"], best["Corpus.add"]
    print(f"{'ratio':14}{whole / wall:10.3f}{all_cpu / cpu:10.3f}")


def print_large(folder: Path) -> None:
    """With the fake embedder, so that what is left is our own cost."""
    embedder: Embedder = HashingEmbedder(384)
    corpus = Corpus.open(folder / "large", embedder)
    corpus.add([written(folder / "many", LARGE, sections=3)])
    Retriever(corpus).search("water tank")
    corpus.close()
    one = (written(folder / "one", 1, seed=99) / "0.md").rename(folder / "added-later.md")
    print(f"\na corpus of {LARGE} files, {LARGE * 3} passages at least")

    def opened() -> None:
        Corpus.open(folder / "large", embedder).close()

    corpus = Corpus.open(folder / "large", embedder)
    retriever = Retriever(corpus)
    steps: dict[str, Callable[[], object]] = {
        "open": opened,
        "first search": lambda: retriever.search("water tank"),
        "next search": lambda: retriever.search("water tank"),
        "add one file": lambda: corpus.add([one]),
        "search after it": lambda: retriever.search("water tank"),
        "remove it": lambda: corpus.remove("added-later.md"),
        "list documents": corpus.documents,
        "add all again": lambda: corpus.add([folder / "many"]),
    }
    for name, step in steps.items():
        print(f"{name:18}{1000 * timed(step)[0]:10.1f} ms")
    corpus.close()


def written(folder: Path, documents: int, sections: int = 5, seed: int = 0) -> Path:
    """Markdown files of sections of 20 to 400 words."""
    chosen = random.Random(seed)
    folder.mkdir(parents=True)
    for number in range(documents):
        parts = [f"# Guide {seed} {number}"]
        for section in range(sections):
            parts.append(f"## {' '.join(chosen.choices(WORDS, k=3))} {section}")
            words = chosen.randint(20, 400)
            while words > 0:
                length = min(words, chosen.randint(5, 25))
                parts.append(" ".join(chosen.choices(WORDS, k=length)).capitalize() + ".")
                words -= length
        text = "\n\n".join(parts[:2]) + "\n\n" + "\n".join(parts[2:])
        (folder / f"{number}.md").write_text(text.replace("\n##", "\n\n##"), encoding="utf-8")
    return folder


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Wall and CPU seconds that the work takes, ended child processes included."""
    start, before = time.perf_counter(), os.times()
    work()
    wall, after = time.perf_counter() - start, os.times()
    return wall, sum(after[:4]) - sum(before[:4])


if __name__ == "__main__":
    main()
