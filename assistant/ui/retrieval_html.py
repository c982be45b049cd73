"""A measurement of retrieval as HTML: the verdict first, then what it stands on."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from assistant.drawing.charts import Line, line_chart
from assistant.drawing.tables import Column, empty, table, tag
from assistant.drawing.words import counted, moment
from assistant.retrieval_reports import RetrievalReport
from assistant.ui.inline_downloads import csv_link
from retrieval.abstention import AbstentionReport
from retrieval.ranking_report import METRICS, RankingReport, SystemResult, TestedQuestion
from retrieval.sweep import SweepReport
from retrieval.verdicts import p_text, signed

_TOP = 10
_SHOWN_METRICS = ("recall@1", "recall@3", "recall@5", "recall@10", "mrr@10", "ndcg@10")
_SYSTEMS = {
    "bm25": ("BM25", "Searches by words: rare words of the question count most."),
    "dense": ("Dense", "Searches by meaning: the vectors of question and passage are compared."),
    "fused": ("Fused", "BM25 and dense together. The chat searches with it."),
    "reranked": (
        "Fused + reranker",
        "The best of the fused search, ordered anew by a model that "
        "reads question and passage together.",
    ),
}
_HINTS = {
    "recall": "Share of all passages that answer a question which are among the first {depth}.",
    "mrr": "Mean of 1 / rank of the first right passage; 0 where it is not among the first ten.",
    "ndcg": "How far up the right passages stand among the first ten: 1 is perfect order.",
}
_TITLES = {"mrr@10": "MRR@10", "ndcg@10": "nDCG@10"}
_SHOWN_QUESTIONS = 50
_SHOWN_SETTINGS = 12


def report_html(report: RetrievalReport | None, slug: str) -> str:
    """The newest measurement, or what to do where there is none."""
    if report is None:
        return empty(
            "Not measured yet",
            "Measure how often the right passage is found, on the assistant's own questions or on "
            "a file of yours.",
        )
    return (
        _heading(report)
        + verdicts(report)
        + systems(report.ranking, slug)
        + abstention(report.abstention)
        + sweep(report.sweep, slug)
        + missed(report.ranking, slug)
        + left_out(report.ranking)
        + f'<p class="downloads">The whole measurement: <a href="{escape(report_address(slug))}" '
        "download>JSON</a></p>"
    )


def report_address(slug: str) -> str:
    """Where the newest measurement is to be had as JSON."""
    return f"/downloads/{slug}/retrieval.json"


def verdicts(report: RetrievalReport) -> str:
    """All that the measurement says, in sentences."""
    items = "".join(f"<li>{escape(one)}</li>" for one in report.verdicts)
    return f'<ul class="verdicts">{items}</ul>'


def systems(ranking: RankingReport, slug: str) -> str:
    """A row for each system: metrics with intervals, and latency."""
    if not ranking.systems:
        return ""
    columns = [Column("Search")]
    for name in _SHOWN_METRICS:
        kind, _, depth = name.partition("@")
        columns.append(Column(_title(name), numeric=True, hint=_HINTS[kind].format(depth=depth)))
    columns.append(
        Column("Latency", numeric=True, hint="Median of a question, and the 95th percentile.")
    )
    rows = [_system_row(one) for one in ranking.systems]
    names = (*METRICS,)
    heads = ["search", *(part for name in names for part in (name, f"{name} low", f"{name} high"))]
    values = [
        [one.name]
        + [v for m in map(one.metric, names) for v in (m.value, m.low, m.high)]
        + [one.median_ms, one.p95_ms]
        for one in ranking.systems
    ]
    asked = counted(len(ranking.questions), "question")
    return (
        f'<h4 class="section">Searches compared on {asked}</h4>'
        f"{table(columns, rows, 'Searches compared')}"
        '<p class="quiet">In brackets: bootstrap 95 % interval.</p>'
        + csv_link(f"{slug}-retrieval.csv", [*heads, "median ms", "p95 ms"], values)
    )


def abstention(report: AbstentionReport | None) -> str:
    """What the threshold lets through, now and fitted, and the risk-coverage curve."""
    if report is None:
        return ""
    rows = [("Present", report.present)] + ([("Fitted", report.fitted)] if report.fitted else [])
    columns = (
        Column("Threshold"),
        Column("Answerable, let through", numeric=True, hint="More is better."),
        Column("Out of scope, let through", numeric=True, hint="Less is better."),
    )
    cells = [
        (name, f"{100 * rates.in_scope:.1f} %", f"{100 * rates.out_of_scope:.1f} %")
        for name, rates in rows
    ]
    if report.fitted and report.rule is None:
        cells[1] = (f"{cells[1][0]} <small class='quiet'>no better</small>", *cells[1][1:])
    risks = Line(
        "Questions out of scope among those let through",
        "first",
        [(100 * point.coverage, 100 * point.risk) for point in report.points],
    )
    chart = line_chart(
        [risks],
        "Coverage: % of all questions let through",
        "Risk, %",
        "Risk by coverage: how many of the questions that are let through are out of scope.",
        y_range=(0, 100),
    )
    counts = (
        f"{counted(report.questions_in, 'question')} in scope, {report.questions_out} out of scope "
        f"({report.own_out} of them the assistant's own)."
    )
    return (
        '<h4 class="section"><span class="hinted" title="Below the threshold the answer is: the '
        'documents do not say.">When the documents do not say</span></h4>'
        f'<p class="quiet">{counts}</p>{table(columns, cells, "Thresholds")}{chart}'
    )


def sweep(report: SweepReport | None, slug: str) -> str:
    """The best of the settings that were tried, and the present one."""
    if report is None or not report.rows:
        return ""
    best = sorted(range(len(report.rows)), key=lambda place: -report.rows[place].ndcg)
    chosen = [p for p in best if report.rows[p].present or p == report.winner]
    shown = [*chosen, *(place for place in best if place not in chosen)][:_SHOWN_SETTINGS]
    shown.sort(key=lambda place: -report.rows[place].ndcg)
    columns = (
        Column("Passage size", numeric=True, hint="The longest passage, in tokens."),
        Column("BM25 share", numeric=True, hint="Its weight in the fused score."),
        Column("Passages", numeric=True),
        Column("nDCG@10", numeric=True, hint=_HINTS["ndcg"]),
        Column("Against the present", numeric=True),
        Column(""),
    )
    rows = []
    for place in shown:
        row = report.rows[place]
        mark = tag("Present") if row.present else ""
        if place == report.winner:
            mark = tag("Winner", "good")
        against = "–" if row.present else f"{signed(row.difference)}, p {p_text(row.adjusted_p)}"
        rows.append(
            (
                f"{row.passage_tokens}",
                f"{row.lexical_weight:.1f}",
                f"{row.passages:,}",
                _interval(row.ndcg, row.low, row.high),
                against,
                mark,
            )
        )
    heads = (
        "passage tokens",
        "bm25 share",
        "passages",
        "ndcg@10",
        "low",
        "high",
        "difference",
        "p",
    )
    values = [
        (
            r.passage_tokens,
            r.lexical_weight,
            r.passages,
            r.ndcg,
            r.low,
            r.high,
            r.difference,
            r.adjusted_p,
        )
        for r in report.rows
    ]
    tried = f"{len(shown)} of the {counted(len(report.rows), 'setting')} tried, best first"
    return (
        f'<h4 class="section">Passage sizes and weights</h4><p class="quiet">{tried}.</p>'
        f"{table(columns, rows, 'Settings tried')}"
        + csv_link(f"{slug}-retrieval-settings.csv", heads, values)
    )


def missed(ranking: RankingReport, slug: str) -> str:
    """The questions whose right passage was not among the first ten of the fused search."""
    place = next((n for n, one in enumerate(ranking.systems) if one.name == "fused"), None)
    if place is None:
        return ""
    found = [one for one in ranking.questions if (one.ranks[place] or _TOP + 1) > _TOP]
    if not found:
        return (
            '<h4 class="section">Missed questions</h4><p class="quiet">None: the right passage was '
            "always among the first ten.</p>"
        )
    columns = (
        Column("Question"),
        Column("Expected"),
        Column("Came instead", hint="The documents of the first three passages."),
        Column("Rank", numeric=True, hint="Of the right passage; a dash where it was not found."),
    )
    rows = [_missed_row(one, one.ranks[place]) for one in found[:_SHOWN_QUESTIONS]]
    values = [(one.question, one.document, "; ".join(one.came), one.ranks[place]) for one in found]
    more = len(found) - len(rows)
    rest = f'<p class="quiet">{more:,} more are in the download.</p>' if more > 0 else ""
    return (
        f'<h4 class="section">Missed questions: {len(found):,} of {len(ranking.questions):,}</h4>'
        f"{table(columns, rows, 'Missed questions')}{rest}"
        + csv_link(f"{slug}-missed.csv", ("question", "expected", "came instead", "rank"), values)
    )


def left_out(ranking: RankingReport) -> str:
    """The questions that could not be judged, and why."""
    if not ranking.left_out:
        return ""
    items = "".join(
        f"<li>{escape(one.question)} <span class='quiet'>{escape(one.reason)}</span></li>"
        for one in ranking.left_out[:_SHOWN_QUESTIONS]
    )
    said = counted(len(ranking.left_out), "question")
    return (
        f"<details><summary>{said} could not be judged and are left out</summary>"
        f"<ul>{items}</ul></details>"
    )


def _heading(report: RetrievalReport) -> str:
    about = (
        f"{counted(report.documents, 'document')}, {counted(report.passages, 'passage')} of at "
        f"most {report.passage_tokens} tokens, embedding model {report.embedder}"
    )
    if report.reranker:
        about += f", reranker {report.reranker}"
    return (
        f'<h3 class="section">Measured {escape(moment(report.created_at))} on '
        f'{escape(report.source or "questions")}</h3><p class="quiet">{escape(about)}.</p>'
    )


def _system_row(one: SystemResult) -> tuple[str, ...]:
    title, hint = _SYSTEMS[one.name]
    cells = [
        _interval(metric.value, metric.low, metric.high)
        for metric in map(one.metric, _SHOWN_METRICS)
    ]
    return (
        f'<span class="hinted" title="{escape(hint)}">{title}</span>',
        *cells,
        f"{one.median_ms:.0f} ms <small class='quiet'>({one.p95_ms:.0f})</small>",
    )


def _missed_row(one: TestedQuestion, rank: int | None) -> Sequence[str]:
    return (
        escape(one.question),
        escape(one.document) or '<span class="quiet">any with the answer</span>',
        escape("; ".join(one.came)) or "–",
        f"{rank}" if rank else "–",
    )


def _interval(value: float, low: float, high: float) -> str:
    return f"{value:.3f} <small class='quiet'>({low:.3f} to {high:.3f})</small>"


def _title(metric: str) -> str:
    return _TITLES.get(metric, metric.capitalize())
