"""What the threshold of near-duplicates lets through, on the passages of 48 articles.

    python tests/benchmarks/near_duplicates.py [--data ../shared/data/qa_xquad]

Each passage is edited in ways that say the same (upper case, other white space and punctuation,
"please" or "also" put in, articles left out) and in ways that do not (a number, a name or an
ordinary word changed, a "not" put in). Printed for each least similarity: the share of either kind
taken for duplicates, the share that shares a MinHash key at all, and how alike different passages
of the articles are. Takes about a minute.
"""

from __future__ import annotations

import argparse
import random
import re
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from retrieval import near_duplicates as module
from retrieval.embedder import load_embedder
from retrieval.loaders.parsed import TextBuilder
from retrieval.near_duplicates import FEWEST_WORDS, band_keys, near_duplicates, similarity
from retrieval.splitter import split

THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9)
Edit = Callable[[str, random.Random], str]


def put_in(words: tuple[str, ...]) -> Edit:
    def edit(text: str, chosen: random.Random) -> str:
        parts = text.split(" ")
        for _ in range(max(1, len(parts) // 40)):
            parts.insert(chosen.randrange(1, len(parts)), chosen.choice(words))
        return " ".join(parts)

    return edit


def changed(pattern: str, other: str) -> Edit:
    def edit(text: str, chosen: random.Random) -> str:
        found = list(re.finditer(pattern, text))
        if not found:
            return text
        match = chosen.choice(found)
        return text[: match.start()] + other + text[match.end() :]

    return edit


SAME: dict[str, Edit] = {
    "upper case": lambda text, _: text.upper(),
    "white space, punctuation": lambda text, _: text.replace(", ", " - ").replace(" ", "\n "),
    "fillers put in": put_in(("please", "also", "the", "thus")),
    "articles left out": lambda text, _: re.sub(r"\b(the|a|an) ", "", text),
}
OTHER: dict[str, Edit] = {
    "a number": changed(r"\d+", "7654"),
    "a name": changed(r"(?<=[a-z] )[A-Z][a-z]+", "Zanzibar"),
    "an ordinary word": changed(r"(?<=[a-z] )[a-z]{5,}(?= )", "kettle"),
    "a not put in": put_in(("not", "never", "without")),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    here = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "qa_xquad"
    parser.add_argument("--data", type=Path, default=here)
    texts = passages(parser.parse_args().data / "docs")
    start = time.process_time()
    keys = [set(band_keys(text).tolist()) for text in texts]
    spent = 1000 * (time.process_time() - start) / len(texts)
    print(f"{len(texts)} passages, {spent:.2f} ms of CPU for the keys of one")
    alike = sorted(
        (
            similarity(left, right)
            for n, left in enumerate(texts)
            for right in texts[n + 1 : n + 40]
        ),
        reverse=True,
    )
    meet = sum(bool(keys[n] & other) for n in range(len(keys)) for other in keys[n + 1 :])
    print(f"different passages: at most {alike[0]:.2f} alike; {meet} pairs share a key\n")
    print(f"{'edit':26}{'key':>7}" + "".join(f"{f'>= {t}':>9}" for t in THRESHOLDS))
    for edits in (SAME, OTHER):
        for name, edit in edits.items():
            print_row(name, edit, texts, keys)
        print()


def print_row(name: str, edit: Edit, texts: list[str], keys: list[set[int]]) -> None:
    chosen = random.Random(0)
    pairs = [(text, edit(text, chosen), held) for text, held in zip(texts, keys, strict=True)]
    pairs = [(text, other, held) for text, other, held in pairs if text != other]
    meet = [bool(held & set(band_keys(other).tolist())) for _, other, held in pairs]
    cells = ""
    for threshold in THRESHOLDS:
        module.SIMILAR = threshold
        same = [near_duplicates(text, other) for text, other, _ in pairs]
        cells += f"{np.mean([a and b for a, b in zip(same, meet, strict=True)]):9.3f}"
    print(f"{name:26}{np.mean(meet):7.3f}{cells}")


def passages(folder: Path) -> list[str]:
    """Of 12 words or more, as the built-in embedder cuts them."""
    embedder = load_embedder()
    texts: list[str] = []
    for file in sorted(folder.glob("*.txt")):
        builder = TextBuilder()
        for paragraph in file.read_text(encoding="utf-8").split("\n\n"):
            builder.prose(paragraph)
        texts += (draft.text for draft in split(builder.parsed(), embedder))
    return [text for text in texts if len(text.split()) >= FEWEST_WORDS]


if __name__ == "__main__":
    main()
