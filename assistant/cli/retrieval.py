"""The commands that measure an assistant's retrieval and adopt what the measurement speaks for."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assistant.cli.output import AsJson, bar, note, plain, say, show_json, show_table
from assistant.cli.workspace import Name, opened
from assistant.errors import documents_mapped
from assistant.retrieval_quality import (
    adopt,
    evaluate,
    fit_threshold,
    own_questions,
    threshold_changes,
)
from assistant.retrieval_reports import Choice, RetrievalReport
from retrieval.questions import read_questions

retrieval = typer.Typer(no_args_is_help=True, help="How well an assistant finds passages.")

_SHOWN = ("recall@1", "recall@3", "recall@5", "recall@10", "mrr@10", "ndcg@10")


@retrieval.command("evaluate")
def evaluate_retrieval(
    name: Name,
    questions: Annotated[
        Path | None, typer.Option(help="JSONL of questions; the examples where not given.")
    ] = None,
    reranker: Annotated[
        str, typer.Option(help="A cross-encoder to measure: a local folder or a hub id.")
    ] = "",
    sweep: Annotated[
        bool, typer.Option("--sweep", help="Also try other passage sizes and weights.")
    ] = False,
    adopting: Annotated[
        bool, typer.Option("--adopt", help="Take over what the measurement speaks for.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Measure BM25, dense, fused and reranked search on questions about the documents."""
    with opened() as workspace, bar() as report_progress:
        assistant = workspace.assistant(name)
        with documents_mapped():
            asked = read_questions(questions) if questions else own_questions(workspace, assistant)
        report = evaluate(
            workspace,
            assistant,
            asked,
            reranker=reranker,
            sweep=sweep,
            source=questions.name if questions else "examples",
            progress=report_progress,
        )
        adopted = []
        for choice in report.choices if adopting else ():
            assistant = adopt(workspace, assistant, choice, progress=report_progress)
            adopted.append(choice.key)
    if as_json:
        show_json({**plain(report), "verdicts": plain(report.verdicts), "adopted": adopted})
        return
    _show(report)
    for choice in report.choices:
        say(f"{'Adopted' if choice.key in adopted else 'Offered (--adopt)'}: {choice.label}")


@retrieval.command("fit")
def fit_abstention(name: Name, as_json: AsJson = False) -> None:
    """Fit the threshold of “the documents do not say” on the assistant's own questions."""
    with opened() as workspace, bar() as report_progress:
        assistant = workspace.assistant(name)
        report = fit_threshold(workspace, assistant, report_progress)
        changes = threshold_changes(report)
        if changes:
            adopt(workspace, assistant, Choice("threshold", "", changes))
    if as_json:
        show_json({**plain(report), "adopted": bool(changes)})
    else:
        say(report.sentence)


def _show(report: RetrievalReport) -> None:
    rows = []
    for system in report.ranking.systems:
        cells = []
        for metric in map(system.metric, _SHOWN):
            cells.append(f"{metric.value:.3f} [{metric.low:.3f}, {metric.high:.3f}]")
        latency = f"{system.median_ms:.1f} / {system.p95_ms:.1f}"
        rows.append((system.name, *cells, f"{latency} ms"))
    if rows:
        show_table(("System", *_SHOWN, "Median / p95"), rows)
        fused = report.ranking.system("fused")
        assert fused is not None
        document = fused.metric("document_recall@1")
        say(f"Document recall@1 of the fused search: {document.value:.3f}")
    if report.sweep is not None:
        settings = [
            (
                row.passage_tokens,
                f"{row.lexical_weight:.1f}",
                row.passages,
                f"{row.ndcg:.3f} [{row.low:.3f}, {row.high:.3f}]",
                "present" if row.present else f"{row.difference:+.3f}, p {row.adjusted_p:.3f}",
            )
            for row in report.sweep.rows
        ]
        show_table(("Tokens", "BM25 share", "Passages", "nDCG@10", "Against present"), settings)
    for sentence in report.verdicts:
        say(sentence)
    for left in report.ranking.left_out[:20]:
        note(f"Left out: {left.question} {left.reason}")
    more = len(report.ranking.left_out) - 20
    if more > 0:
        note(f"{more} more questions were left out; --json names them all.")
