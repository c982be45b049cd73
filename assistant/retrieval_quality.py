"""How well an assistant finds what its documents say, measured on questions about them.

`evaluate` measures and keeps a report, `adopt` takes over what a report speaks for, `fit_threshold`
measures the threshold alone.
"""

from __future__ import annotations

import tempfile
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.errors import InvalidRequest, documents_mapped
from assistant.records import Assistant, RetrievalSettings
from assistant.retrieval_reports import Choice, RetrievalReport, keep_report, reports
from assistant.retrieving import rule_of
from retrieval.abstention import AbstentionReport, Evidence, fit
from retrieval.corpus import Corpus
from retrieval.evaluation import Searched, rank, search_all, told
from retrieval.general_questions import GENERAL_QUESTIONS
from retrieval.passage_size import SizedEmbedder
from retrieval.questions import Question
from retrieval.ranking_report import RankingReport
from retrieval.reranker import load_reranker
from retrieval.retriever import Retriever
from retrieval.sweep import SizedSearch, SweepReport
from retrieval.sweep import sweep as swept

if TYPE_CHECKING:
    from assistant.workspace import Workspace

Progress = Callable[[str, float], None]

SIZES = (64, 128, 192, 256, 384, 512)
"""Passage sizes to try, in the embedder's tokens; the present one is tried anyway."""


def own_questions(workspace: Workspace, assistant: Assistant) -> list[Question]:
    """The assistant's examples as test questions; unanswerable ones are out of scope."""
    return [
        Question(
            id=example.id,
            question=example.question,
            answers=(example.answer,) if example.answerable else (),
            document=example.document if example.answerable else "",
            support=example.passage if example.answerable else "",
            in_scope=example.answerable,
            fact=example.fact,
        )
        for example in workspace.store.examples(assistant.id)
    ]


def evaluate(
    workspace: Workspace,
    assistant: Assistant,
    questions: Sequence[Question],
    *,
    reranker: str = "",
    sweep: bool = False,
    source: str = "",
    progress: Progress | None = None,
    cancelled: threading.Event | None = None,
) -> RetrievalReport:
    """Measure BM25, dense, fused and fused + reranker, the threshold and, if asked, the settings.

    reranker: one to measure, that of the settings where not given. source: where the questions are
    from, for people. The report is kept in the assistant's folder.

    Raises InvalidRequest where there is nothing to measure on, DocumentsError (also where it was
    cancelled), StoreError.
    """
    settings = assistant.retrieval
    _check_measurable(workspace, assistant, questions)
    retriever = workspace.retriever(assistant)
    name = reranker or settings.reranker
    with documents_mapped():
        searched, unjudged = search_all(
            retriever, questions, progress=progress, cancelled=cancelled
        )
        ranking = rank(
            retriever,
            searched,
            unjudged,
            lexical_weight=settings.lexical_weight,
            reranker=load_reranker(name) if name else None,
            progress=progress,
            cancelled=cancelled,
        )
        outside = _out_of_scope(questions, own_questions(workspace, assistant))
        abstention = _abstention(retriever, searched, outside, settings, progress, cancelled)
        tokens, passages = retriever.corpus.passage_tokens, len(retriever.corpus.passages())
        grid = None
        if sweep and searched:
            sizes = [SizedSearch(tokens, passages, searched)]
            sizes += _other_sizes(retriever.corpus, questions, tokens, progress, cancelled)
            grid = swept(sizes, settings.lexical_weight)
        report = RetrievalReport(
            id=uuid.uuid4().hex[:12],
            assistant_id=assistant.id,
            created_at=datetime.now(UTC),
            source=source,
            embedder=retriever.corpus.embedder.name,
            generation=retriever.corpus.generation,
            documents=len(retriever.corpus.documents()),
            passages=passages,
            passage_tokens=tokens,
            settings=settings,
            reranker=name,
            ranking=ranking,
            abstention=abstention,
            sweep=grid,
            choices=_choices(settings, name, ranking, abstention, grid, tokens),
        )
    keep_report(workspace.folder(assistant), report)
    return report


def fit_threshold(
    workspace: Workspace,
    assistant: Assistant,
    progress: Progress | None = None,
    cancelled: threading.Event | None = None,
) -> AbstentionReport:
    """Fit the threshold on the assistant's own questions, without keeping or adopting it.

    Raises InvalidRequest, DocumentsError.
    """
    questions = own_questions(workspace, assistant)
    _check_measurable(workspace, assistant, questions)
    retriever = workspace.retriever(assistant)
    with documents_mapped():
        searched, _ = search_all(retriever, questions, progress=progress, cancelled=cancelled)
        outside = _out_of_scope(questions, questions)
        return _abstention(retriever, searched, outside, assistant.retrieval, progress, cancelled)


def last_report(workspace: Workspace, assistant: Assistant) -> RetrievalReport | None:
    """The newest report that was kept; None before the first."""
    return next(iter(reports(workspace.folder(assistant))), None)


def adopt(
    workspace: Workspace,
    assistant: Assistant,
    choice: Choice,
    *,
    progress: Progress | None = None,
    cancelled: threading.Event | None = None,
) -> Assistant:
    """Take a choice of a report over; returns the assistant as it is now.

    Another passage size cuts and embeds all documents anew, while searches go on over the passages
    of before; stopped or failed, nothing has changed.

    Raises InvalidRequest for a choice that is not one, NotFound where the assistant is gone,
    DocumentsError.
    """
    current = workspace.store.assistant(assistant.id)
    try:
        replace(current.retrieval, **choice.changes)
    except TypeError as error:
        raise InvalidRequest(
            "That choice names settings that there are not: measure again and adopt from there."
        ) from error
    if choice.passage_tokens is not None:
        stage = f"Cutting the documents into passages of {choice.passage_tokens} tokens"
        with documents_mapped():
            workspace.corpus(assistant).recut(
                choice.passage_tokens, _counted(progress, stage), cancelled
            )
    current = workspace.store.assistant(assistant.id)
    changed = replace(current, retrieval=replace(current.retrieval, **choice.changes))
    workspace.store.update_assistant(changed)
    return changed


def threshold_changes(report: AbstentionReport) -> dict[str, object]:
    """The settings of the fitted rule; {} where the present one is kept."""
    if report.rule == "thresholds":
        return {
            "min_cosine": report.min_cosine,
            "min_overlap": report.min_overlap,
            "relevance_logit": None,
        }
    return {"relevance_logit": report.relevance_logit} if report.rule == "logistic" else {}


def _check_measurable(
    workspace: Workspace, assistant: Assistant, questions: Sequence[Question]
) -> None:
    if not any(question.in_scope for question in questions):
        raise InvalidRequest(
            "There are no questions to measure on: give a file of questions, or import or write "
            "examples."
        )
    with documents_mapped():
        if not workspace.corpus(assistant).documents():
            raise InvalidRequest("There are no documents yet: add some, then measure.")


def _out_of_scope(*groups: Sequence[Question]) -> list[str]:
    """The questions out of scope, each once, as they stand."""
    found = {
        " ".join(question.question.casefold().split()): question.question
        for group in groups
        for question in group
        if not question.in_scope
    }
    return list(found.values())


def _other_sizes(
    corpus: Corpus,
    questions: Sequence[Question],
    present: int,
    progress: Progress | None,
    cancelled: threading.Event | None,
) -> Iterator[SizedSearch]:
    """The same questions over the documents cut into other sizes, in a passing folder."""
    remembering = SizedEmbedder(corpus.embedder, corpus.embedder.max_tokens, remember=True)
    for tokens in (size for size in SIZES if size <= remembering.max_tokens and size != present):
        embedder = remembering.resized(tokens)
        stage = f"Trying passages of {tokens} tokens"
        with tempfile.TemporaryDirectory(prefix="duet-trial-") as folder:
            trial = corpus.recut_into(Path(folder), embedder, _counted(progress, stage), cancelled)
            retriever = Retriever(trial)
            try:
                searched, _ = search_all(
                    retriever, questions, progress=progress, cancelled=cancelled
                )
                yield SizedSearch(tokens, len(trial.passages()), searched)
            finally:
                retriever.close()  # a graph being built would write into the folder that goes
                trial.close()


def _counted(progress: Progress | None, stage: str) -> Callable[[int, int], None]:
    def counted(done: int, total: int) -> None:
        if progress is not None:
            progress(stage, done / max(total, 1))

    return counted


def _abstention(
    retriever: Retriever,
    searched: Sequence[Searched],
    outside: Sequence[str],
    settings: RetrievalSettings,
    progress: Progress | None,
    cancelled: threading.Event | None,
) -> AbstentionReport:
    weight, top = settings.lexical_weight, settings.passages
    inside = [
        Evidence.of(retriever.hits(one.judged.question.question, one.candidates, top, weight))
        for one in searched
    ]
    beyond = []
    asked = [*outside, *GENERAL_QUESTIONS]
    for place, question in enumerate(asked):
        told(progress, cancelled, "Searching the questions out of scope", place / len(asked))
        beyond.append(Evidence.of(retriever.search(question, top, weight)))
    return fit(inside, beyond, len(outside), rule_of(settings))


def _choices(
    settings: RetrievalSettings,
    reranker: str,
    ranking: RankingReport,
    abstention: AbstentionReport,
    grid: SweepReport | None,
    passage_tokens: int,
) -> tuple[Choice, ...]:
    choices = []
    changes = threshold_changes(abstention)
    if changes:
        choices.append(Choice("threshold", "Use the fitted threshold", changes))
    reranked = next((one for one in ranking.comparisons if one.system == "reranked"), None)
    if reranked is not None:
        helps = reranked.told and reranked.difference > 0
        if helps and settings.reranker != reranker:
            choices.append(Choice("reranker", "Switch the reranker on", {"reranker": reranker}))
        if not helps and settings.reranker:
            choices.append(Choice("reranker", "Switch the reranker off", {"reranker": ""}))
    if grid is not None and grid.winner is not None:
        row = grid.rows[grid.winner]
        resized = row.passage_tokens if row.passage_tokens != passage_tokens else None
        label = f"Use a BM25 share of {row.lexical_weight:.1f}"
        if resized:
            label += f" and passages of {resized} tokens"
        choices.append(Choice("sweep", label, {"lexical_weight": row.lexical_weight}, resized))
    return tuple(choices)
