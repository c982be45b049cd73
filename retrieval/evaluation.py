"""BM25, dense, fused and fused + reranker on the same questions, over the same candidates.

Each question is searched once and every system ranks what that search found, so that differences
are of ranking alone. A system's latency is the sum of the parts that it needs.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from retrieval.errors import Cancelled
from retrieval.questions import Question
from retrieval.ranking_metrics import DEPTHS, TOP, first_rank, ndcg, recall, reciprocal_rank
from retrieval.ranking_report import (
    MAIN_METRIC,
    METRICS,
    Comparison,
    LeftOut,
    Metric,
    RankingReport,
    SystemName,
    SystemResult,
    TestedQuestion,
)
from retrieval.relevance import Judge, Judged, Unjudged
from retrieval.reranker import RERANKED, Reranker
from retrieval.retriever import LEXICAL_WEIGHT, Candidates, Retriever
from retrieval.statistics import bootstrap_mean, holm, paired_bootstrap
from retrieval.verdicts import ranking_verdicts

Progress = Callable[[str, float], None]
"""Called with a stage in words and the share of it that is done, in [0, 1]."""

_CAME = 3  # passages of which a tested question names the documents


@dataclass(frozen=True, slots=True)
class Searched:
    """A judged question with what one search found for it."""

    judged: Judged
    candidates: Candidates


def search_all(
    retriever: Retriever,
    questions: Sequence[Question],
    *,
    progress: Progress | None = None,
    cancelled: threading.Event | None = None,
) -> tuple[list[Searched], list[Unjudged]]:
    """Judge and search every question in scope. Raises Cancelled, EmbedderError, CorpusError."""
    with retriever.corpus.snapshot() as snapshot:
        passages, twins = snapshot.passages(), snapshot.twins()
    judge = Judge(passages, twins)
    searched: list[Searched] = []
    unjudged: list[Unjudged] = []
    asked = [question for question in questions if question.in_scope]
    for number, question in enumerate(asked):
        told(progress, cancelled, "Searching the test questions", number / len(asked))
        judged = judge.judge(question)
        if isinstance(judged, Unjudged):
            unjudged.append(judged)
        else:
            searched.append(Searched(judged, retriever.candidates(question.question)))
    return searched, unjudged


def rank(
    retriever: Retriever,
    searched: Sequence[Searched],
    unjudged: Sequence[Unjudged] = (),
    *,
    lexical_weight: float = LEXICAL_WEIGHT,
    reranker: Reranker | None = None,
    progress: Progress | None = None,
    cancelled: threading.Event | None = None,
) -> RankingReport:
    """Rank by every system and compare. Raises Cancelled, EmbedderError, CorpusError."""
    left_out = tuple(LeftOut(u.question.id, u.question.question, u.reason) for u in unjudged)
    if not searched:
        return RankingReport((), (), (), left_out, ranking_verdicts((), (), 0))
    runs = _runs(retriever, searched, lexical_weight, reranker, progress, cancelled)
    places = _documents_of(retriever)
    systems, gains = [], {}
    for name, (rankings, seconds) in runs.items():
        values = _values(searched, rankings, places)
        gains[name] = values[MAIN_METRIC]
        systems.append(_result(name, values, seconds))
    comparisons = _compared(gains)
    tested = tuple(
        TestedQuestion(
            one.judged.question.id,
            one.judged.question.question,
            len(one.judged.passages),
            tuple(
                first_rank(rankings[place], one.judged.passages) for rankings, _ in runs.values()
            ),
            one.judged.question.document,
            tuple(
                dict.fromkeys(
                    name
                    for found in runs["fused"][0][place][:_CAME]
                    for name in sorted(places[found])
                )
            ),
        )
        for place, one in enumerate(searched)
    )
    verdicts = ranking_verdicts(systems, comparisons, len(searched))
    return RankingReport(tuple(systems), comparisons, tested, left_out, verdicts)


def fused_ranking(candidates: Candidates, lexical_weight: float) -> list[int]:
    """Ids of the candidates by the fused score, best first."""
    fused = candidates.fused(lexical_weight)
    return _ids(candidates, np.lexsort((candidates.ids, -candidates.cosines, -fused)))


def fused_gains(searched: Sequence[Searched], lexical_weight: float) -> list[float]:
    """nDCG@10 of the fused search for every question."""
    return [
        ndcg(fused_ranking(one.candidates, lexical_weight), one.judged.passages) for one in searched
    ]


def told(
    progress: Progress | None, cancelled: threading.Event | None, stage: str, share: float
) -> None:
    """Report progress, and end where that was asked for. Raises Cancelled."""
    if cancelled is not None and cancelled.is_set():
        raise Cancelled("The measurement was stopped: nothing of it was kept.")
    if progress is not None:
        progress(stage, share)


Rankings = list[list[int]]
Runs = dict[SystemName, tuple[Rankings, list[float]]]


def _runs(
    retriever: Retriever,
    searched: Sequence[Searched],
    lexical_weight: float,
    reranker: Reranker | None,
    progress: Progress | None,
    cancelled: threading.Event | None,
) -> Runs:
    """Rankings and seconds of each system for every question."""
    runs: Runs = {"bm25": ([], []), "dense": ([], []), "fused": ([], [])}
    for one in searched:
        found, seconds = one.candidates, one.candidates.seconds
        by_words = np.lexsort((found.ids, -found.bm25))
        by_words = by_words[found.bm25[by_words] > 0]
        runs["bm25"][0].append(_ids(found, by_words))
        runs["bm25"][1].append(seconds.lexical)
        runs["dense"][0].append(_ids(found, np.lexsort((found.ids, -found.cosines))))
        runs["dense"][1].append(seconds.encode + seconds.dense)
        started = time.perf_counter()
        runs["fused"][0].append(fused_ranking(found, lexical_weight))
        fusing = time.perf_counter() - started
        runs["fused"][1].append(seconds.encode + seconds.dense + seconds.lexical + fusing)
    if reranker is not None:
        reranker.scores("warm", ["warm"])  # loading is not latency
        runs["reranked"] = ([], [])
        for place, one in enumerate(searched):
            told(progress, cancelled, "Reranking", place / len(searched))
            started = time.perf_counter()
            fused = runs["fused"][0][place]
            runs["reranked"][0].append(
                _reranked(retriever, reranker, one.judged.question.question, fused)
            )
            runs["reranked"][1].append(runs["fused"][1][place] + time.perf_counter() - started)
    return runs


def _reranked(
    retriever: Retriever, reranker: Reranker, question: str, fused: list[int]
) -> list[int]:
    with retriever.corpus.snapshot() as snapshot:
        passages = snapshot.live_passages(fused[:RERANKED])
    head = [identity for identity in fused[:RERANKED] if identity in passages]
    scores = reranker.scores(question, [passages[identity].indexed_text for identity in head])
    order = sorted(range(len(head)), key=lambda place: -scores[place])
    return [head[place] for place in order] + fused[RERANKED:]


def _ids(candidates: Candidates, order: np.ndarray[tuple[int], np.dtype[np.int64]]) -> list[int]:
    return [int(identity) for identity in candidates.ids[order]]


def _documents_of(retriever: Retriever) -> dict[int, set[str]]:
    """By searched passage, the documents that hold it or one that says the same."""
    with retriever.corpus.snapshot() as snapshot:
        passages, twins = snapshot.passages(), snapshot.twins()
    documents: defaultdict[int, set[str]] = defaultdict(set)
    for passage in passages:
        documents[twins.get(passage.id, passage.id)].add(passage.document)
    return documents


def _document_ranks(ranking: Sequence[int], documents: Mapping[int, set[str]]) -> list[set[str]]:
    """The documents that each rank brings, each at its first; those of one passage share a rank."""
    seen: set[str] = set()
    ranks = []
    for passage in ranking:
        new = documents.get(passage, set()) - seen
        if new:
            ranks.append(new)
            seen |= new
    return ranks


def _values(
    searched: Sequence[Searched], rankings: Rankings, places: Mapping[int, set[str]]
) -> dict[str, list[float]]:
    """Each metric's value for every question."""
    values: dict[str, list[float]] = {name: [] for name in METRICS}
    for one, ranking in zip(searched, rankings, strict=True):
        wanted, documents = one.judged.passages, one.judged.documents
        ranks = _document_ranks(ranking, places)
        for depth in DEPTHS:
            values[f"recall@{depth}"].append(recall(ranking, wanted, depth))
            found = list(set().union(*ranks[:depth]))
            values[f"document_recall@{depth}"].append(recall(found, documents, len(found)))
        values[f"mrr@{TOP}"].append(reciprocal_rank(ranking, wanted))
        values[MAIN_METRIC].append(ndcg(ranking, wanted))
    return values


def _result(
    name: SystemName, values: dict[str, list[float]], seconds: Sequence[float]
) -> SystemResult:
    metrics = []
    for metric, column in values.items():
        interval = bootstrap_mean(column)
        metrics.append(Metric(metric, float(np.mean(column)), interval.low, interval.high))
    median, p95 = np.percentile(np.array(seconds) * 1000, (50, 95))
    return SystemResult(name, tuple(metrics), float(median), float(p95))


_PAIRS: tuple[tuple[SystemName, SystemName], ...] = (
    ("fused", "bm25"),
    ("fused", "dense"),
    ("reranked", "fused"),
)


def _compared(gains: dict[SystemName, list[float]]) -> tuple[Comparison, ...]:
    pairs = [pair for pair in _PAIRS if pair[0] in gains]
    found = [paired_bootstrap(gains[system], gains[other]) for system, other in pairs]
    adjusted = holm([one.p_value for one in found])
    return tuple(
        Comparison(
            system=system,
            reference=reference,
            metric=MAIN_METRIC,
            difference=one.difference,
            low=one.low,
            high=one.high,
            p_value=one.p_value,
            adjusted_p=p,
            spread=float(np.std(np.subtract(gains[system], gains[reference]))),
        )
        for (system, reference), one, p in zip(pairs, found, adjusted, strict=True)
    )
