"""What scoring costs: 800 short answers by all text metrics, against the bare packages.

    python tests/benchmarks/text_metrics.py

The answers are references of the sample's questions with words left out, four for each of 200. The
bare packages are called one after the other for each row, as their own pages show it, after their
import. Takes some seconds.
"""

from __future__ import annotations

import json
import random
import time
from pathlib import Path

from nltk.tokenize import NLTKWordTokenizer
from nltk.translate.meteor_score import single_meteor_score
from rouge_score.rouge_scorer import RougeScorer
from sacrebleu import sentence_bleu, sentence_chrf

from assistant.evaluation.metrics import score_texts
from assistant.evaluation.text_metrics import NoSynonyms

_QUESTIONS = Path(__file__).resolve().parents[2] / "datasets" / "aurora" / "questions.jsonl"
_ANSWERS, _CONTENDERS = 200, 4


def main() -> None:
    rows = [json.loads(line) for line in _QUESTIONS.read_text("utf-8").splitlines() if line]
    answers = [row["answer"] for row in rows if row.get("answer")]
    rng = random.Random(0)
    references = [rng.choice(answers) for _ in range(_ANSWERS)] * _CONTENDERS
    predictions = [
        " ".join(word for word in reference.split() if rng.random() > 0.3)
        for reference in references
    ]
    score_texts(predictions[:1], references[:1])  # imports and caches of the packages
    start = time.perf_counter()
    score_texts(predictions, references)
    ours = time.perf_counter() - start
    start = time.perf_counter()
    _bare(predictions, references)
    bare = time.perf_counter() - start
    long = " ".join(rng.choices(" ".join(answers).split(), k=10_000))
    start = time.perf_counter()
    score_texts([long], [" ".join(reversed(long.split()))])
    print(f"{len(predictions)} answers: {ours:.2f} s; bare packages: {bare:.2f} s")
    print(f"ratio {ours / bare:.2f}")
    print(f"one answer of 10,000 words: {time.perf_counter() - start:.2f} s")


def _bare(predictions: list[str], references: list[str]) -> None:
    rouge = RougeScorer(["rouge1", "rouge2", "rougeL"])
    words = NLTKWordTokenizer()
    for said, wanted in zip(predictions, references, strict=True):
        rouge.score(wanted, said)
        sentence_bleu(said, [wanted])
        sentence_chrf(said, [wanted])
        single_meteor_score(words.tokenize(wanted), words.tokenize(said), wordnet=NoSynonyms())


if __name__ == "__main__":
    main()
