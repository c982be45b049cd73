"""Everything behind a verdict in one file that opens anywhere: HTML, Markdown or JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, is_dataclass
from datetime import UTC, datetime
from html import escape
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from pathlib import Path
from typing import Any

from assistant.errors import ExportError, InvalidRequest
from assistant.evaluation.catalogue import title
from assistant.evaluation.records import Evaluation
from assistant.models import read_json
from assistant.ratings.judgements import judgements
from assistant.ratings.report import Report, report
from assistant.records import Assistant
from assistant.verdict.gathering import Verdict, verdict
from assistant.verdict.quality import quality
from assistant.verdict.recommendation import p_words
from assistant.workspace import Workspace

FORMS = ("html", "md", "json")


@dataclass(frozen=True, slots=True)
class VerdictReport:
    """repeat: what is needed to do it again, from versions of software to commands."""

    made_at: datetime
    verdict: Verdict
    ratings: Report
    evaluations: tuple[Evaluation, ...]
    repeat: dict[str, Any]


def verdict_report(workspace: Workspace, assistant: Assistant) -> VerdictReport:
    """Read it all as things stand. Raises DocumentsError, StoreError."""
    evaluations = quality(workspace.store, assistant.id).evaluations
    return VerdictReport(
        made_at=datetime.now(UTC),
        verdict=verdict(workspace, assistant),
        ratings=report(judgements(workspace.store, assistant.id)),
        evaluations=evaluations,
        repeat=_repeat(workspace, assistant, evaluations),
    )


def written(made: VerdictReport, form: str) -> str:
    """The report as text; form: one of `FORMS`. Raises InvalidRequest for another one."""
    writers: dict[str, Callable[[VerdictReport], str]] = {
        "html": as_html,
        "md": as_markdown,
        "json": as_json,
    }
    if form not in writers:
        raise InvalidRequest(
            f"A report is written as {', '.join(FORMS)}, and not as “{form}”: give the file one "
            "of these endings."
        )
    return writers[form](made)


def write_report(workspace: Workspace, assistant: Assistant, path: Path) -> None:
    """Write the report in the form of the file's ending, whole or not at all.

    Raises InvalidRequest for another ending, ExportError where it cannot be written.
    """
    text = written(verdict_report(workspace, assistant), path.suffix.lstrip(".").lower())
    aside = path.with_name(f".{path.name}.part")
    try:
        aside.write_text(text, "utf-8")
        aside.replace(path)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise ExportError(
            f"The report could not be written to {path} ({error.strerror or error}): an earlier "
            "one there is as it was."
        ) from error


def as_json(made: VerdictReport) -> str:
    return json.dumps(_plain(made), ensure_ascii=False, indent=2) + "\n"


def as_markdown(made: VerdictReport) -> str:
    """Headings, sentences and tables, for a wiki or a pull request."""
    said = made.verdict.recommendation
    lines = [
        f"# {_cell(made.verdict.assistant.name)}: verdict",
        "",
        f"**{said.sentence}** ({said.certainty})",
        "",
        *(f"- {reason}" for reason in said.reasons),
        *(f"- {one}" for one in (*said.disagreements, *made.verdict.outdated)),
        "",
        f"What would help most: {said.next_step.sentence}",
        "",
        "## Contenders",
        "",
        *_contender_table(made.verdict),
        "",
        "## Votes",
        "",
        *_vote_table(made.ratings),
        "",
        *_evaluation_tables(made.evaluations),
        "## How it came to this",
        "",
        *(
            f"- {stage.at:%Y-%m-%d}: {_cell(stage.title)}, {_cell(stage.detail)}"
            if stage.at
            else f"- Next: {_cell(stage.detail)}"
            for stage in made.verdict.stages
        ),
        "",
        "## To repeat it",
        "",
        "```json",
        json.dumps(made.repeat, ensure_ascii=False, indent=2),
        "```",
        "",
        f"Made by Duet on {made.made_at:%Y-%m-%d %H:%M} UTC.",
        "",
    ]
    return "\n".join(lines)


def as_html(made: VerdictReport) -> str:
    """One page with its pictures in it: nothing is loaded from anywhere."""
    from assistant.drawing import ratings as drawn_ratings
    from assistant.drawing import verdict as drawn
    from assistant.drawing.evaluations import scores

    name = escape(made.verdict.assistant.name)
    style = (files("assistant.drawing") / "duet.css").read_text("utf-8")
    ratings = drawn_ratings.ratings(made.ratings) if made.ratings.kinds.n else ""
    emphasis = made.verdict.assistant.profile.emphasis
    evaluations = "".join(
        f'<h3 class="section">{escape(_evaluation_title(one))}</h3>{scores(one, emphasis)}'
        for one in made.evaluations
    )
    repeat = escape(json.dumps(made.repeat, ensure_ascii=False, indent=2))
    contenders = made.verdict.evidence.contenders
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{name}: verdict</title><style>{style}</style></head>"
        f'<body class="report"><main><h1>{name}</h1>'
        f'<p class="quiet">{escape(made.verdict.assistant.task)}</p>'
        f"{drawn.recommendation(made.verdict)}{drawn.side_by_side(contenders)}"
        f"{drawn.quality_by_set(contenders)}"
        f"{f'<h2>Votes</h2>{ratings}' if ratings else ''}"
        f"{f'<h2>Evaluations</h2>{evaluations}' if evaluations else ''}"
        f"<h2>How it came to this</h2>{drawn.lifeline(made.verdict.stages, dated=True)}"
        f"<h2>To repeat it</h2><pre>{repeat}</pre>"
        f'<p class="quiet">Made by Duet on {made.made_at:%Y-%m-%d %H:%M} UTC.</p>'
        "</main></body></html>\n"
    )


def _contender_table(made: Verdict) -> list[str]:
    rows = [
        "| Contender | Answered rightly | Rating | Grounded | Whole answer | Freshness |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for one in made.evidence.contenders:
        quality_text = (
            f"{100 * one.quality.value:.0f} % ({100 * one.quality.low:.0f} to "
            f"{100 * one.quality.high:.0f}, n = {one.quality.n})"
            if one.quality
            else "-"
        )
        rating = (
            f"{one.preference.rating:.0f} ({one.preference.low:.0f} to {one.preference.high:.0f}, "
            f"{one.preference.votes} votes)"
            if one.preference
            else "-"
        )
        grounded = f"{100 * one.grounded.value:.0f} %" if one.grounded else "-"
        seconds = "-" if one.answer_seconds is None else f"{one.answer_seconds:.1f} s"
        rows.append(
            f"| {one.kind} | {quality_text} | {rating} | {grounded} | {seconds} | {one.freshness} |"
        )
    return rows


def _vote_table(held: Report) -> list[str]:
    if not held.kinds.pairs:
        return ["No blind votes yet."]
    return [
        "| Pair | Wins | Losses | Ties | Both bad | Winner | Sign test |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        *(
            f"| {pair.first} against {pair.second} | {pair.wins} | {pair.losses} | {pair.ties} | "
            f"{pair.both_bad} | {pair.winner or 'not settled'} | {p_words(pair.p_value)} |"
            for pair in held.kinds.pairs
        ),
    ]


def _evaluation_tables(evaluations: tuple[Evaluation, ...]) -> list[str]:
    lines = []
    for one in evaluations:
        kinds = {contender.id: contender.kind for contender in one.contenders}
        means = one.summary.means
        metrics = list(dict.fromkeys(name for own in means.values() for name in own))
        lines += [f"## {_cell(_evaluation_title(one))}", ""]
        lines.append(f"| Metric | {' | '.join(kinds[each] for each in means)} |")
        lines.append("| --- |" + " --- |" * len(means))
        for metric in metrics:
            cells = [
                f"{own[metric].mean:.3f} ({own[metric].low:.3f} to {own[metric].high:.3f})"
                if metric in own
                else "-"
                for own in means.values()
            ]
            lines.append(f"| {title(metric)} | {' | '.join(cells)} |")
        lines += ["", one.summary.enough, ""]
    return lines


def _evaluation_title(one: Evaluation) -> str:
    return f"{one.question_set}: {one.questions} questions, {one.created_at:%Y-%m-%d}"


def _cell(text: str) -> str:
    """Text that stays in its line and cell, and is no HTML where Markdown is shown as that."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def _repeat(
    workspace: Workspace, assistant: Assistant, evaluations: tuple[Evaluation, ...]
) -> dict[str, Any]:
    corpus = workspace.corpus(assistant)
    runs = workspace.runs(assistant)
    used = {one.run_id for each in evaluations for one in each.contenders if one.run_id}
    kinds = sorted({one.kind for each in evaluations for one in each.contenders})
    return {
        "duet": _version("duet-assistants"),
        "assistant": {
            "name": assistant.name,
            "task": assistant.task,
            "system_prompt": assistant.system_prompt,
            "base_model": assistant.base_model,
            "retrieval": asdict(assistant.retrieval),
        },
        "documents": {
            "generation": corpus.generation,
            "embedder": corpus.embedder.name,
            "files": {one.name: one.sha256 for one in corpus.documents()},
        },
        "runs": {
            run: read_json(runs.folder / run / "run.json") or "its folder is gone"
            for run in sorted(used)
        },
        "evaluations": [
            {
                "id": one.id,
                "questions": one.question_set,
                "questions_sha256": one.questions_sha256,
                "contenders": {each.kind: each.id for each in one.contenders},
            }
            for one in evaluations
        ],
        "commands": [
            f"duet train {assistant.slug}",
            f"duet evaluate {assistant.slug} --with {','.join(kinds) or 'base,rag,tuned'}",
            f"duet ratings {assistant.slug} --json",
            f"duet verdict {assistant.slug} --json",
        ],
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"


def _plain(value: Any) -> Any:
    """Records and what they hold, as what JSON can hold."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return value
