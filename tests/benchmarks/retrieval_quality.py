"""How well passages are found, and how well "nothing relevant" is told, on 1,190 real questions.

    python tests/benchmarks/retrieval_quality.py [--data ../shared/data/qa_xquad] [--sizes]

The figures come from the code that measures a user's own documents. In order: the systems and the
verdict, with bm25s beside SQLite's FTS5; what diversity costs; passages of other sizes (--sizes);
and the threshold, for which the corpus is built from half of the articles and asked about the other
half as well.
Takes about three minutes on two cores.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import bm25s
import numpy as np

from assistant.records import RetrievalSettings
from assistant.retrieving import found_passages, rule_of
from retrieval.abstention import Evidence, fit
from retrieval.corpus import Corpus
from retrieval.embedder import load_embedder
from retrieval.evaluation import Searched, rank, search_all
from retrieval.general_questions import GENERAL_QUESTIONS
from retrieval.passage_size import SizedEmbedder
from retrieval.questions import Question, read_questions
from retrieval.ranking_metrics import ndcg
from retrieval.retriever import Retriever
from retrieval.statistics import paired_bootstrap
from retrieval.sweep import SizedSearch, sweep

SHOWN = ("recall@1", "recall@3", "recall@5", "recall@10", "mrr@10", "ndcg@10", "document_recall@1")
SIZES = (64, 128, 192)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    here = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "qa_xquad"
    parser.add_argument("--data", type=Path, default=here)
    parser.add_argument("--sizes", action="store_true", help="also try other passage sizes")
    arguments = parser.parse_args()
    questions = read_questions(arguments.data / "qa.jsonl")
    docs = sorted((arguments.data / "docs").glob("*.txt"))
    embedder = SizedEmbedder(load_embedder(), 256, remember=True)
    with tempfile.TemporaryDirectory() as folder:
        corpus = Corpus.open(Path(folder, "all"), embedder)
        corpus.add(docs)
        searched = print_ranking(corpus, questions)
        print_diversity(corpus, searched)
        if arguments.sizes:
            print_sizes(corpus, questions, searched, embedder, Path(folder))
        half = Corpus.open(Path(folder, "half"), embedder)
        half.add(docs[::2])
        print_threshold(half, questions, {path.name for path in docs[::2]})
        corpus.close()
        half.close()


def print_ranking(corpus: Corpus, questions: Sequence[Question]) -> list[Searched]:
    retriever = Retriever(corpus)
    retriever.search("warm")
    searched, unjudged = search_all(retriever, questions)
    report = rank(retriever, searched, unjudged)
    print(f"{len(corpus.passages())} passages, {len(searched)} questions, {len(unjudged)} left out")
    print(f"{'':8}" + "".join(f"{name:>18}" for name in SHOWN))
    for system in report.systems:
        cells = [system.metric(name) for name in SHOWN]
        row = "".join(f"{m.value:8.3f} {m.low:.3f}-{m.high:.3f}"[:20].rjust(20) for m in cells)
        print(f"{system.name:8}{row}  median {system.median_ms:.1f} ms, p95 {system.p95_ms:.1f} ms")
    print(f"bm25s    nDCG@10 {np.mean(bm25s_gains(corpus, searched)):.3f}")
    for verdict in report.verdicts:
        print(verdict)
    fused = report.system("fused")
    assert fused is not None
    document = fused.metric("document_recall@1").value
    beats = [one.low > 0 for one in report.comparisons]
    print(f"gate: fused beats both {all(beats)}; document recall@1 {document:.3f} of at least .97")
    return searched


def bm25s_gains(corpus: Corpus, searched: Sequence[Searched]) -> list[float]:
    passages = corpus.passages()
    library = bm25s.BM25()
    library.index(
        bm25s.tokenize([p.indexed_text for p in passages], show_progress=False),
        show_progress=False,
    )
    gains = []
    for one in searched:
        asked = bm25s.tokenize([one.judged.question.question], show_progress=False)
        found, scores = library.retrieve(asked, k=10, show_progress=False)
        ids = [passages[i].id for i, s in zip(found[0], scores[0], strict=True) if s > 0]
        gains.append(ndcg(ids, one.judged.passages))
    return gains


def print_diversity(corpus: Corpus, searched: Sequence[Searched]) -> None:
    """Share of questions whose prompt holds a passage that answers, against no diversity."""
    retriever = Retriever(corpus)
    held: dict[float, list[float]] = {}
    # Everything is let through, so that the threshold plays no part.
    settings = RetrievalSettings(min_cosine=-1.0)
    for weight in (1.0, 0.9, 0.7, 0.5):
        held[weight] = []
        for one in searched:
            asked = replace(settings, mmr=weight)
            hits = found_passages(retriever, asked, one.judged.question.question).hits
            held[weight].append(float(any(hit.passage.id in one.judged.passages for hit in hits)))
    print("\nan answering passage among the four of the prompt")
    for weight, column in held.items():
        d = paired_bootstrap(column, held[1.0])
        print(
            f"mmr {weight:.1f}: {np.mean(column):.3f}, difference {d.difference:+.3f} "
            f"[{d.low:+.3f}, {d.high:+.3f}]"
        )


def print_sizes(
    corpus: Corpus,
    questions: Sequence[Question],
    searched: Sequence[Searched],
    embedder: SizedEmbedder,
    folder: Path,
) -> None:
    sizes = [SizedSearch(256, len(corpus.passages()), searched)]
    for tokens in SIZES:
        trial = corpus.recut_into(folder / str(tokens), embedder.resized(tokens))
        found, _ = search_all(Retriever(trial), questions)
        sizes.append(SizedSearch(tokens, len(trial.passages()), found))
        trial.close()
    report = sweep(sizes, 0.5, weights=(0.3, 0.4, 0.5, 0.6, 0.7))
    print()
    for row in report.rows:
        print(
            f"{row.passage_tokens} tokens, {row.passages} passages, BM25 {row.lexical_weight:.1f}: "
            f"nDCG@10 {row.ndcg:.3f}, {row.difference:+.3f}, p {row.adjusted_p:.4f}"
        )
    print(report.sentence)


def print_threshold(corpus: Corpus, questions: Sequence[Question], inside: set[str]) -> None:
    retriever = Retriever(corpus)
    settings = RetrievalSettings()
    groups = {
        "answerable": [q.question for q in questions if q.document in inside],
        "other articles": [q.question for q in questions if q.document not in inside],
        "general": list(GENERAL_QUESTIONS),
    }
    evidence = {
        name: [Evidence.of(retriever.search(text, settings.passages)) for text in asked]
        for name, asked in groups.items()
    }
    own = evidence["other articles"]
    report = fit(evidence["answerable"], [*own, *evidence["general"]], len(own), rule_of(settings))
    print(f"\n{report.sentence}")
    print(
        f"rule {report.rule}, cosine {report.min_cosine:.3f}, overlap {report.min_overlap:.2f}, "
        f"weights {report.relevance_logit}, area under the risk-coverage curve {report.area:.3f}"
    )
    general = fit(evidence["answerable"], evidence["general"], 0, rule_of(settings))
    print(f"general questions let through by the defaults: {general.present.out_of_scope:.3f}")


if __name__ == "__main__":
    main()
