"""How fast the built-in embedder encodes on this CPU in fp32, bf16 and int8, and what that costs.

    python tests/benchmarks/encoding.py [--data ../shared/data/qa_xquad] [--rounds 2]

The passages of the 48 articles are encoded in each form, in turn, and the best of the rounds
counts. Then all questions are searched for by meaning alone: recall@1 and nDCG@10 over passages,
with a paired bootstrap against fp32, and the mean cosine of the vectors to those of fp32. int8 is
PyTorch's dynamic quantization of the linear layers. The default of `retrieval/embedder_model.py`
follows from this. Takes five to ten minutes on two cores.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import argparse
import math
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from retrieval.corpus import Corpus
from retrieval.embedder import (
    HashingEmbedder,
    Progress,
    Vectors,
    _builtin_folder,
    load_embedder,
    normalised,
)
from retrieval.questions import read_questions
from retrieval.relevance import Judge, Judged
from retrieval.statistics import paired_bootstrap

TOP = 10


class Cutting(HashingEmbedder):
    """Cuts passages as the built-in embedder does, without embedding them."""

    def __init__(self) -> None:
        super().__init__()
        real = load_embedder()
        self.token_spans, self.count_tokens = real.token_spans, real.count_tokens  # type: ignore[method-assign]

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        return np.zeros((len(texts), self.dimension), dtype=np.float32)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    here = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "qa_xquad"
    parser.add_argument("--data", type=Path, default=here)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    questions = read_questions(options.data / "qa.jsonl")
    with tempfile.TemporaryDirectory() as folder:
        corpus = Corpus.open(Path(folder), Cutting())
        corpus.add(sorted((options.data / "docs").glob("*.txt")))
        passages = corpus.passages()
        corpus.close()
    judge = Judge(passages)
    judged = [found for one in questions if isinstance(found := judge.judge(one), Judged)]
    wanted = [one.passages for one in judged]
    ids = np.array([passage.id for passage in passages])
    texts = sorted((passage.indexed_text for passage in passages), key=len, reverse=True)
    place = {text: number for number, text in enumerate(texts)}
    order = [place[passage.indexed_text] for passage in passages]
    models = {name: loaded(name) for name in ("fp32", "bf16", "int8")}
    seconds = dict.fromkeys(models, math.inf)
    vectors: dict[str, Vectors] = {}
    for _ in range(options.rounds):
        for name, model in models.items():
            start = time.perf_counter()
            vectors[name] = normalised(model.encode(texts, show_progress_bar=False))[order]
            seconds[name] = min(seconds[name], time.perf_counter() - start)
    print(f"{len(texts)} passages, {len(judged)} questions; nDCG@10 against fp32 last")
    print(f"{'':6}{'passages/s':>12}{'recall@1':>10}{'nDCG@10':>10}{'cosine':>9}")
    asked = [one.question.question for one in judged]
    gains: dict[str, list[float]] = {}
    for name, model in models.items():
        found = ranked(ids, vectors[name], normalised(model.encode(asked, show_progress_bar=False)))
        first = float(np.mean([row[0] in want for row, want in zip(found, wanted, strict=True)]))
        gains[name] = [ndcg(row, want) for row, want in zip(found, wanted, strict=True)]
        cosine = float((vectors[name] * vectors["fp32"]).sum(axis=1).mean())
        paired = paired_bootstrap(gains[name], gains["fp32"])
        print(
            f"{name:6}{len(texts) / seconds[name]:12.1f}{first:10.4f}{np.mean(gains[name]):10.4f}"
            f"{cosine:9.4f}  {paired.difference:+.4f} [{paired.low:+.4f}, {paired.high:+.4f}]"
        )


def loaded(name: str) -> Any:
    """The built-in model on the CPU in one form."""
    import torch
    from sentence_transformers import SentenceTransformer

    dtype = torch.bfloat16 if name == "bf16" else torch.float32
    model = SentenceTransformer(str(_builtin_folder()), device="cpu", model_kwargs={"dtype": dtype})
    if name == "int8":
        quantize = torch.ao.quantization.quantize_dynamic
        return quantize(model, {torch.nn.Linear}, dtype=torch.qint8)
    return model


def ranked(ids: Any, vectors: Vectors, asked: Vectors) -> list[list[int]]:
    """Ids of the ten nearest passages of each question, best first."""
    scores = asked @ vectors.T
    return [[int(i) for i in ids[np.argsort(-row, kind="stable")[:TOP]]] for row in scores]


def ndcg(found: Sequence[int], wanted: frozenset[int]) -> float:
    """nDCG@10 with binary relevance."""
    gain = sum(1 / math.log2(rank + 2) for rank, one in enumerate(found) if one in wanted)
    return gain / sum(1 / math.log2(rank + 2) for rank in range(min(TOP, len(wanted))))


if __name__ == "__main__":
    main()
