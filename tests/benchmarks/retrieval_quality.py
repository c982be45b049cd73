"""How well passages are found, and how well "nothing relevant" is told, on 1,190 real questions.

    python tests/benchmarks/retrieval_quality.py [--data ../shared/data/qa_xquad]

First table: FTS5 against bm25s, dense, and the fusion of dense and FTS5, all over the same
passages. Second table: the raw scores of questions that the corpus answers against questions that
it does not, for which the corpus is built from half of the articles and asked about the other half;
and the rules that follow. Takes about two minutes on two cores.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import argparse
import json
import math
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import bm25s
import numpy as np

from retrieval.corpus import Corpus
from retrieval.documents import Hit, Passage
from retrieval.embedder import Embedder, Progress, Vectors, load_embedder
from retrieval.index import open_index
from retrieval.lexical import bm25
from retrieval.retriever import Retriever, relevant

TOP = 10
CHATTER = (
    "Hello",
    "Hi there",
    "Thank you",
    "How are you?",
    "Good morning",
    "Who are you?",
    "What can you do?",
    "Tell me a joke",
    "ok",
    "Write me a poem about love",
    "What is the weather like today?",
    "What is the best pizza in Rome?",
    "How do I reset the password of my router?",
    "Which phone should I buy?",
    "How long do I boil an egg?",
    "What is 17 times 23?",
    "Recommend a film for tonight",
    "Can I return the shoes I bought yesterday?",
    "How much does shipping cost?",
    "My screen is black, what now?",
)


@dataclass(frozen=True, slots=True)
class Question:
    """A question, its answers, and the paragraph of the document that holds them."""

    text: str
    answers: tuple[str, ...]
    doc: str
    paragraph: int


class Remembering:
    """An embedder that encodes all questions at once and then answers from memory."""

    def __init__(self, embedder: Embedder, texts: Sequence[str]) -> None:
        self.name, self.dimension = embedder.name, embedder.dimension
        self.max_tokens = embedder.max_tokens
        self.token_spans, self.count_tokens = embedder.token_spans, embedder.count_tokens
        self._embedder = embedder
        self._known = dict(zip(texts, embedder.encode(texts), strict=True))

    def encode_query(self, questions: Sequence[str]) -> Vectors:
        return self.encode(questions)

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        if all(text in self._known for text in texts):
            return np.stack([self._known[text] for text in texts])
        return self._embedder.encode(texts, progress)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    here = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "qa_xquad"
    parser.add_argument("--data", type=Path, default=here)
    data = parser.parse_args().data
    questions = [
        Question(row["question"], tuple(row["answers"]), row["doc"], row["paragraph"])
        for row in map(json.loads, (data / "qa.jsonl").open(encoding="utf-8"))
    ]
    embedder = Remembering(load_embedder(), [q.text for q in questions] + list(CHATTER))
    docs = sorted((data / "docs").glob("*.txt"))
    with tempfile.TemporaryDirectory() as folder:
        corpus = Corpus.open(Path(folder, "all"), embedder)
        corpus.add(docs)
        print_ranking(corpus, questions, embedder)
        half = Corpus.open(Path(folder, "half"), embedder)
        half.add(docs[::2])
        print_relevance(half, questions, {path.name for path in docs[::2]})
        corpus.close()
        half.close()


def print_ranking(corpus: Corpus, questions: Sequence[Question], embedder: Embedder) -> None:
    passages = corpus.passages()
    wanted = [supporting(question, corpus, passages) for question in questions]
    retriever = Retriever(corpus)
    tokens = bm25s.tokenize([p.indexed_text for p in passages], show_progress=False)
    library = bm25s.BM25()
    library.index(tokens, show_progress=False)
    with corpus.snapshot() as snapshot:
        index = open_index(corpus.folder / "index", corpus.identity, embedder.name, 384)
        index.follow(snapshot)

        def fts5(question: str) -> list[int]:
            scores = bm25(snapshot.connection, question)
            return [int(i) for i in scores.ids[np.argsort(-scores.scores, kind="stable")][:TOP]]

        def with_library(question: str) -> list[int]:
            asked = bm25s.tokenize([question], show_progress=False)
            found, scores = library.retrieve(asked, k=TOP, show_progress=False)
            return [passages[i].id for i, s in zip(found[0], scores[0], strict=True) if s > 0]

        def dense(question: str) -> list[int]:
            return [int(i) for i in index.search(embedder.encode([question]), TOP)[0]]

        def fused(question: str) -> list[int]:
            return [hit.passage.id for hit in retriever.search(question, TOP)]

        print(f"{len(passages)} passages, {len(questions)} questions")
        print(f"{'':10}{'recall@1':>10}{'recall@5':>10}{'recall@10':>10}{'nDCG@10':>10}")
        systems: dict[str, Callable[[str], list[int]]] = {
            "bm25s": with_library,
            "FTS5": fts5,
            "dense": dense,
            "fused": fused,
        }
        for name, system in systems.items():
            found = [system(question.text) for question in questions]
            row = [recall(found, wanted, k) for k in (1, 5, 10)] + [ndcg(found, wanted)]
            print(f"{name:10}" + "".join(f"{value:10.3f}" for value in row))


def supporting(question: Question, corpus: Corpus, passages: Sequence[Passage]) -> set[int]:
    """Passages with an answer in the question's paragraph, else all of that paragraph."""
    text = corpus.text(question.doc)
    start = 0
    for _ in range(question.paragraph):
        start = text.index("\n\n", start) + 2
    end = text.find("\n\n", start)
    end = len(text) if end < 0 else end
    near = [p for p in passages if p.document == question.doc and p.start < end and p.end > start]
    holding = {p.id for p in near if any(answer in p.text for answer in question.answers)}
    return holding or {p.id for p in near}


def recall(found: Sequence[Sequence[int]], wanted: Sequence[set[int]], top: int) -> float:
    """Share of questions with a supporting passage among the first `top`."""
    return float(
        np.mean([bool(want & set(have[:top])) for have, want in zip(found, wanted, strict=True)])
    )


def ndcg(found: Sequence[Sequence[int]], wanted: Sequence[set[int]]) -> float:
    """nDCG@10 with binary relevance."""
    values = []
    for have, want in zip(found, wanted, strict=True):
        gain = sum(1 / math.log2(r + 2) for r, i in enumerate(have[:TOP]) if i in want)
        ideal = sum(1 / math.log2(r + 2) for r in range(min(TOP, len(want))))
        values.append(gain / ideal)
    return float(np.mean(values))


def print_relevance(corpus: Corpus, questions: Sequence[Question], inside: set[str]) -> None:
    retriever = Retriever(corpus)
    groups = {
        "answerable": [retriever.search(q.text) for q in questions if q.doc in inside],
        "other articles": [retriever.search(q.text) for q in questions if q.doc not in inside],
        "chatter": [retriever.search(text) for text in CHATTER],
    }
    print("\nbest of five hits: percentiles 5, 25, 50, 75, 95")
    for name, searches in groups.items():
        for score in ("cosine", "overlap"):
            best = [max(getattr(hit, score) for hit in hits) for hits in searches]
            row = np.percentile(best, (5, 25, 50, 75, 95))
            print(f"{name:16}{score:>9}" + "".join(f"{value:8.2f}" for value in row))
    print("\nshare found relevant, and the mean of right decisions (answerable, other articles)")
    rules = [(c / 100, o / 100) for c in range(35, 61, 5) for o in (30, 35, 40, 50, 60)]
    for cosine, overlap in rules:
        shares = [share(found, cosine, overlap) for found in groups.values()]
        right = (shares[0] + 1 - shares[1]) / 2
        cells = "".join(f"{value:8.3f}" for value in (*shares, right))
        print(f"cosine {cosine:.2f} overlap {overlap:.2f}{cells}")


def share(searches: Iterable[Sequence[Hit]], cosine: float, overlap: float) -> float:
    return float(np.mean([any(relevant(h, cosine, overlap) for h in hits) for hits in searches]))


if __name__ == "__main__":
    main()
