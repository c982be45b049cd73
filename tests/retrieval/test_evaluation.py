"""Systems ranked over the same search, compared on the same questions, told in words."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from retrieval.corpus import Corpus
from retrieval.errors import Cancelled
from retrieval.evaluation import fused_gains, rank, search_all
from retrieval.questions import Question
from retrieval.ranking_metrics import ndcg
from retrieval.ranking_report import METRICS, Comparison
from retrieval.reranker import OverlapReranker
from retrieval.retriever import Retriever
from retrieval.sweep import SizedSearch, sweep
from retrieval.verdicts import ranking_verdicts

WORDS = (
    "anvil brass cedar delta ember fjord grove heron indigo jetty kelp larch mango north opal "
    "pearl quartz raven spruce tide umber valve wharf xenon yarrow zinc"
).split()


@pytest.fixture
def filled(corpus: Corpus, write: Callable[[str, str | bytes], Path]) -> Corpus:
    """26 documents of one passage; each shares words with its neighbours."""
    paths = []
    for n, word in enumerate(WORDS):
        shared = " ".join(WORDS[(n + step) % len(WORDS)] for step in (1, 2, 3))
        paths.append(write(f"{word}.md", f"The {word} code is {n}{n}7 beside {shared}."))
    corpus.add(paths)
    return corpus


@pytest.fixture
def questions() -> list[Question]:
    asked = [
        Question(word, f"Which code has the {word}, near the {WORDS[n - 1]}?", (f"{n}{n}7",))
        for n, word in enumerate(WORDS)
    ]
    return [
        *asked,
        Question("lost", "Where is it?", ("nowhere",)),
        Question("x", "Hello", (), "", "", False),
    ]


class Backwards:
    """A reranker that puts the best last."""

    name = "backwards"

    def scores(self, question: str, texts: Sequence[str]) -> list[float]:
        return [-score for score in OverlapReranker().scores(question, texts)]


def test_every_system_is_measured_on_the_same_questions(
    filled: Corpus, questions: list[Question]
) -> None:
    retriever = Retriever(filled)
    searched, unjudged = search_all(retriever, questions)
    report = rank(retriever, searched, unjudged, reranker=OverlapReranker())
    assert [system.name for system in report.systems] == ["bm25", "dense", "fused", "reranked"]
    assert len(report.questions) == len(WORDS)
    assert [one.id for one in report.left_out] == ["lost"]
    for system in report.systems:
        assert [metric.name for metric in system.metrics] == list(METRICS)
        for metric in system.metrics:
            assert 0 <= metric.low <= metric.value <= metric.high <= 1
        assert 0 <= system.median_ms <= system.p95_ms
    assert all(len(one.ranks) == 4 and one.relevant == 1 for one in report.questions)


def test_ranks_and_figures_are_those_of_the_search_itself(
    filled: Corpus, questions: list[Question]
) -> None:
    retriever = Retriever(filled)
    searched, _ = search_all(retriever, questions)
    report = rank(retriever, searched)
    gains = []
    for one, tested in zip(searched, report.questions, strict=True):
        hits = retriever.search(tested.question, top=100)
        ids = [hit.passage.id for hit in hits]
        places = [rank for rank, i in enumerate(ids, start=1) if i in one.judged.passages]
        assert tested.ranks[2] == places[0]
        gains.append(ndcg(ids, one.judged.passages))
    fused = report.system("fused")
    assert fused is not None
    assert fused.metric("ndcg@10").value == pytest.approx(np.mean(gains))
    assert fused_gains(searched, 0.5) == pytest.approx(gains)


def test_a_reranker_that_harms_is_told_so(filled: Corpus, questions: list[Question]) -> None:
    retriever = Retriever(filled)
    searched, _ = search_all(retriever, questions)
    report = rank(retriever, searched, reranker=Backwards())
    (reranked,) = [one for one in report.comparisons if one.system == "reranked"]
    assert reranked.reference == "fused"
    assert reranked.difference < 0 and reranked.high < 0 and reranked.told
    assert any(
        sentence.startswith("The reranker harms here: nDCG@10 -0.") for sentence in report.verdicts
    )


def test_stopping_ends_it_at_once(filled: Corpus, questions: list[Question]) -> None:
    cancelled = threading.Event()
    seen: list[float] = []

    def progress(stage: str, share: float) -> None:
        seen.append(share)
        if len(seen) == 3:
            cancelled.set()

    with pytest.raises(Cancelled, match="nothing of it was kept"):
        search_all(Retriever(filled), questions, progress=progress, cancelled=cancelled)
    assert len(seen) == 3
    assert seen == sorted(seen)


def test_nothing_to_judge_is_said_not_raised(filled: Corpus) -> None:
    retriever = Retriever(filled)
    searched, unjudged = search_all(retriever, [Question("1", "Where?", ("nowhere",))])
    report = rank(retriever, searched, unjudged)
    assert report.systems == ()
    assert "Nothing was measured" in report.verdicts[0]


def told(difference: float, low: float, high: float, p: float, **changes: str) -> str:
    pair = {"system": "fused", "reference": "bm25"} | changes
    one = Comparison(
        metric="ndcg@10",
        difference=difference,
        low=low,
        high=high,
        p_value=p,
        adjusted_p=p,
        spread=0.2,
        **pair,
    )  # type: ignore[arg-type]
    return ranking_verdicts([object()], [one], 40)[0]  # type: ignore[list-item]


def test_verdicts_in_words() -> None:
    assert told(-0.04, -0.07, -0.01, 0.012, system="reranked", reference="fused") == (
        "The reranker harms here: nDCG@10 -0.040 [-0.070, -0.010], p = .01."
    )
    assert told(0.03, 0.01, 0.05, 0.0001) == (
        "Fused search beats BM25 alone: nDCG@10 +0.030 [+0.010, +0.050], p < .001."
    )
    assert told(-0.03, -0.05, -0.01, 0.001).startswith("Fused search loses to BM25 alone")
    undecided = told(0.03, -0.01, 0.07, 0.2)
    assert undecided.startswith("Fused search and BM25 alone cannot be told apart here")
    assert "40 questions can tell 0.089 or more, about 350 are needed for 0.030" in undecided


def test_an_interval_above_nought_alone_is_no_verdict() -> None:
    assert "cannot be told apart" in told(0.03, 0.001, 0.07, 0.06)


def test_a_sweep_finds_the_better_weight_only_beyond_noise(
    filled: Corpus, questions: list[Question]
) -> None:
    searched, _ = search_all(Retriever(filled), questions)
    report = sweep([SizedSearch(256, len(WORDS), searched)], 0.5, weights=(0.0, 0.5, 1.0))
    assert [row.lexical_weight for row in report.rows] == [0.0, 0.5, 1.0]
    (present,) = [row for row in report.rows if row.present]
    assert (present.lexical_weight, present.difference, present.better) == (0.5, 0.0, False)
    for row in report.rows:
        assert row.ndcg == pytest.approx(np.mean(fused_gains(searched, row.lexical_weight)))
        assert row.difference == pytest.approx(row.ndcg - present.ndcg)
    better = [place for place, row in enumerate(report.rows) if row.better]
    assert report.winner in (better or [None])


def test_a_sweep_of_few_questions_has_no_winner(filled: Corpus, questions: list[Question]) -> None:
    searched, _ = search_all(Retriever(filled), questions[:3])
    report = sweep([SizedSearch(256, len(WORDS), searched)], 1.0)
    assert report.winner is None
    assert report.sentence.startswith("No setting beats the present one beyond noise")


def test_a_document_is_found_where_another_one_says_it_in_its_place(
    corpus: Corpus, write: Callable[[str, str | bytes], Path]
) -> None:
    said = "The heron waits at the edge of the pond until a fish comes near enough to be caught."
    corpus.add([write("a.md", f"{said}"), write("b.md", said + " ")])
    corpus.add([write("c.md", "Nothing of the kind is said in here, of any bird or water at all.")])
    searched, _ = search_all(Retriever(corpus), [Question("1", "heron pond fish", document="b.md")])
    assert searched[0].judged.documents == {"b.md"}
    fused = rank(Retriever(corpus), searched).system("fused")
    assert fused is not None
    assert fused.metric("document_recall@1").value == 1.0
