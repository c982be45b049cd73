"""Which passages a contender reads for a question, or that there are none to read.

Whether anything relevant was found is decided on raw scores before anything is reordered, so that
neither reranker nor diversity can break a refusal.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Protocol

from assistant.errors import documents_mapped
from assistant.facts import sentence_spans
from assistant.follow_ups import SearchPlan, search_plan
from assistant.prompts import PastTurn
from assistant.records import RetrievalSettings
from retrieval.abstention import LogisticRule, Rule, ThresholdRule, passes
from retrieval.corpus import Corpus
from retrieval.diversity import distinct, maximal_marginal_relevance
from retrieval.documents import Hit
from retrieval.reranker import RERANKED, Reranker, load_reranker
from retrieval.retriever import LEXICAL_WEIGHT

_LEAST_WORDS = 8


def rule_of(settings: RetrievalSettings) -> Rule:
    """The rule by which these settings tell relevant passages from others."""
    if settings.relevance_logit is not None:
        return LogisticRule(*settings.relevance_logit)
    return ThresholdRule(settings.min_cosine, settings.min_overlap)


class Searcher(Protocol):
    """What finds passages: a `retrieval.retriever.Retriever`."""

    @property
    def corpus(self) -> Corpus: ...

    def search(
        self, question: str, top: int = 5, lexical_weight: float = LEXICAL_WEIGHT
    ) -> list[Hit]: ...


@dataclass(frozen=True, slots=True)
class Found:
    """hits: the passages to answer from, best first; () where nothing relevant was found. cosine:
    of the best passage found, relevant or not; None where there are no passages."""

    hits: tuple[Hit, ...]
    cosine: float | None


def found_passages(
    retriever: Searcher,
    settings: RetrievalSettings,
    question: str,
    history: Sequence[PastTurn] = (),
) -> Found:
    """The passages to answer from, where there are any.

    A follow-up is searched with what it leans on in the conversation (`follow_ups`).
    Raises DocumentsError.
    """
    plan = search_plan(question, history)
    with documents_mapped():
        pool, cosine = _searched(retriever, settings, plan, question)
        if pool and settings.reranker:
            pool = _reranked(_reranker(settings.reranker), plan.wording, pool)
        pool = distinct(pool)
        if pool and settings.mmr < 1:
            pool = _diverse(retriever, pool, settings)
    return Found(tuple(pool[: settings.passages]), cosine)


def _searched(
    retriever: Searcher, settings: RetrievalSettings, plan: SearchPlan, question: str
) -> tuple[list[Hit], float | None]:
    """The pool of the first query of the plan that finds something relevant, [] where none does;
    and the best cosine seen."""
    rule, top = rule_of(settings), max(settings.passages, RERANKED)
    cosines: list[float] = []
    for query in filter(None, (plan.query, plan.fallback)):
        if query != question and plan.own_words and not _said(retriever, settings, question):
            continue
        pool = retriever.search(query, top, settings.lexical_weight)
        read = pool[: settings.passages]
        cosines += [hit.cosine for hit in read]
        if passes(rule, read):
            return pool, max(cosines)
    return [], max(cosines, default=None)


def _said(retriever: Searcher, settings: RetrievalSettings, question: str) -> bool:
    """Whether any passage holds a telling word of the question."""
    return any(hit.overlap > 0 for hit in retriever.search(question, settings.passages, 1.0))


def _reranked(reranker: Reranker, question: str, pool: Sequence[Hit]) -> list[Hit]:
    scores = reranker.scores(question, [hit.passage.indexed_text for hit in pool])
    order = sorted(range(len(pool)), key=lambda place: -scores[place])
    return [replace(pool[place], rank=rank) for rank, place in enumerate(order, start=1)]


def _diverse(retriever: Searcher, pool: Sequence[Hit], settings: RetrievalSettings) -> list[Hit]:
    dimension = retriever.corpus.embedder.dimension
    with retriever.corpus.snapshot() as snapshot:
        ids, vectors = snapshot.vectors([hit.passage.id for hit in pool], dimension)
    by_id = dict(zip(ids.tolist(), vectors, strict=True))
    known = [hit for hit in pool if hit.passage.id in by_id]
    return maximal_marginal_relevance(known, by_id, settings.passages, settings.mmr)


def shortened(hit: Hit, fits: Callable[[Hit], bool]) -> Hit | None:
    """The hit with as much of its passage's beginning as fits, cut at the end of a sentence, else
    of a word; None where not even eight words do. A citation of it says only what was read."""
    passage = hit.passage
    sentences = [end for _, end in sentence_spans(passage.text)]
    word_ends = [match.end() for match in re.finditer(r"\S+", passage.text)]
    for ends in (sentences, word_ends[_LEAST_WORDS - 1 :]):
        low, high = 0, len(ends)
        while low < high:
            middle = (low + high + 1) // 2
            if fits(_cut(hit, ends[middle - 1])):
                low = middle
            else:
                high = middle - 1
        if low:
            return _cut(hit, ends[low - 1])
    return None


def _cut(hit: Hit, length: int) -> Hit:
    passage = hit.passage
    text = passage.text[:length]
    return replace(hit, passage=replace(passage, text=text, end=passage.start + length))


@lru_cache(maxsize=1)
def _reranker(name: str) -> Reranker:
    """Kept, so that the model is loaded once; one at a time, for the memory's sake."""
    return load_reranker(name)
