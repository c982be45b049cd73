"""Votes and tables as files, made when they are asked for: no copy of them stays on the disk."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from fastapi import APIRouter, HTTPException
from starlette.responses import Response

from assistant.errors import DuetError, NotFound
from assistant.evaluation.export import evaluation_csv, evaluation_json
from assistant.interchange.coverage import coverage_of
from assistant.ratings.judgements import judgements
from assistant.ratings.report import Report, report
from assistant.ratings.tables import TABLES as RATING_TABLES
from assistant.records import Assistant
from assistant.retrieval_quality import last_report
from assistant.retrieval_reports import report_json
from assistant.ui.coverage_html import coverage_rows
from assistant.ui.evaluation_html import evaluations_address
from assistant.ui.retrieval_html import report_address as retrieval_address
from assistant.ui.verdict import report_address
from assistant.verdict.report import FORMS, verdict_report, written
from assistant.vote_export import rows_csv, votes_csv, votes_jsonl
from assistant.workspace import Workspace

Rows = Sequence[Mapping[str, object]]
Table = Callable[[Workspace, Assistant], Rows]

_REPORT_TYPES = {"html": "text/html", "md": "text/markdown", "json": "application/json"}
_FORMATS = {"csv": (votes_csv, "text/csv"), "jsonl": (votes_jsonl, "application/jsonl")}


def _of_report(rows: Callable[[Report], Rows], workspace: Workspace, assistant: Assistant) -> Rows:
    return rows(report(judgements(workspace.store, assistant.id)))


TABLES: dict[str, Table] = {name: partial(_of_report, rows) for name, rows in RATING_TABLES.items()}
TABLES["coverage"] = lambda workspace, assistant: list(
    coverage_rows(coverage_of(workspace, assistant))
)
"""The tables of the page by the names of their files."""


def address(slug: str, ending: str) -> str:
    """Where the votes of an assistant are to be had; ending: "csv" or "jsonl"."""
    return f"/downloads/{slug}/votes.{ending}"


def table_address(slug: str, name: str) -> str:
    """Where one of `TABLES` is to be had, as CSV."""
    return f"/downloads/{slug}/tables/{name}.csv"


def router(workspace: Workspace) -> APIRouter:
    """The routes of `address` and `table_address`."""
    routes = APIRouter()

    @routes.get(address("{slug}", "{ending}"))
    def votes(slug: str, ending: str) -> Response:
        if ending not in _FORMATS:
            raise HTTPException(404, "Votes can be had as csv or jsonl.")
        written, media_type = _FORMATS[ending]
        return _file(
            workspace,
            slug,
            f"votes.{ending}",
            media_type,
            lambda assistant: written(workspace.store.votes(assistant.id)),
        )

    @routes.get(table_address("{slug}", "{name}"))
    def table(slug: str, name: str) -> Response:
        if name not in TABLES:
            raise HTTPException(404, f"There is no table of that name: {', '.join(TABLES)}.")
        return _file(
            workspace,
            slug,
            f"{name}.csv",
            "text/csv",
            lambda assistant: rows_csv(TABLES[name](workspace, assistant)),
        )

    @routes.get(report_address("{slug}", "{form}"))
    def report_file(slug: str, form: str) -> Response:
        if form not in FORMS:
            raise HTTPException(404, f"A report can be had as {', '.join(FORMS)}.")
        return _file(
            workspace,
            slug,
            f"verdict.{form}",
            _REPORT_TYPES[form],
            lambda assistant: written(verdict_report(workspace, assistant), form),
        )

    @routes.get(retrieval_address("{slug}"))
    def retrieval(slug: str) -> Response:
        def text(assistant: Assistant) -> str:
            report = last_report(workspace, assistant)
            if report is None:
                raise NotFound(f"The retrieval of {assistant.name} was not measured yet.")
            return report_json(report)

        return _file(workspace, slug, "retrieval.json", "application/json", text)

    @routes.get(evaluations_address("{slug}", "{evaluation_id}", "{ending}"))
    def evaluation(slug: str, evaluation_id: str, ending: str) -> Response:
        if ending not in ("csv", "json"):
            raise HTTPException(404, "Evaluations can be had as csv or json.")

        def text(assistant: Assistant) -> str:
            found = workspace.store.evaluation(evaluation_id)
            if found.assistant_id != assistant.id:
                raise NotFound(f"{assistant.name} has no such evaluation.")
            answers = workspace.store.evaluated(found.id)
            return evaluation_csv(answers) if ending == "csv" else evaluation_json(found, answers)

        media_type = "text/csv" if ending == "csv" else "application/json"
        return _file(workspace, slug, f"evaluation.{ending}", media_type, text)

    return routes


def _file(
    workspace: Workspace,
    slug: str,
    name: str,
    media_type: str,
    text_of: Callable[[Assistant], str],
) -> Response:
    try:
        assistant = workspace.assistant(slug)
        text = text_of(assistant)
    except NotFound as error:
        raise HTTPException(404, str(error)) from error
    except DuetError as error:
        raise HTTPException(500, str(error)) from error
    attached = f'attachment; filename="{assistant.slug}-{name}"'
    return Response(text, media_type=media_type, headers={"Content-Disposition": attached})
