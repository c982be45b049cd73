"""What the child processes that parse files cost, and what keeping them saves.

    python tests/benchmarks/reading.py [--documents 1000]

First: Markdown files read through the fenced child against the same parser called in this process;
the difference is the way there and back. Second: a Word file and a PDF by a child that
was just started, and by the same child again, which has its libraries loaded. Half a minute.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import argparse
import tempfile
from pathlib import Path

from indexing import timed, written

from retrieval.loaders.formats import load
from retrieval.reader import Limits, Reader

SAMPLE = Path(__file__).resolve().parents[2] / "datasets" / "aurora" / "documents"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=1000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        files = sorted(written(Path(folder) / "many", options.documents, sections=3).iterdir())
        here = timed(lambda: [load(file, file.name, 10**7) for file in files])
        there = timed(lambda: through_children(files))
        print(f"{len(files)} Markdown files{'':6}{'wall s':>10}{'CPU s':>10}")
        print(f"{'in this process':24}{here[0]:10.2f}{here[1]:10.2f}")
        print(f"{'through a child':24}{there[0]:10.2f}{there[1]:10.2f}")
        print(f"per file, more: {1000 * (there[0] - here[0]) / len(files):.2f} ms")
    for name in ("warranty.docx", "manual.pdf"):
        with Reader(Limits()) as reader:
            first = timed(lambda: reader.read(SAMPLE / name, name))  # noqa: B023
            again = timed(lambda: reader.read(SAMPLE / name, name))  # noqa: B023
        print(f"{name:16} first {first[0]:.2f} s, again {again[0]:.3f} s")


def through_children(files: list[Path]) -> None:
    with Reader(Limits()) as reader:
        for file in files:
            reader.read(file, file.name)


if __name__ == "__main__":
    main()
