"""Votes as files, made when they are asked for: no copy of them stays on the disk."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException
from starlette.responses import Response

from assistant.errors import DuetError, NotFound
from assistant.vote_export import votes_csv, votes_jsonl
from assistant.workspace import Workspace

_FORMATS = {"csv": (votes_csv, "text/csv"), "jsonl": (votes_jsonl, "application/jsonl")}


def address(slug: str, ending: str) -> str:
    """Where the votes of an assistant are to be had; ending: "csv" or "jsonl"."""
    return f"/downloads/{slug}/votes.{ending}"


def router(workspace: Workspace) -> APIRouter:
    """The routes of `address`."""
    routes = APIRouter()

    @routes.get(address("{slug}", "{ending}"))
    def votes(slug: str, ending: str) -> Response:
        if ending not in _FORMATS:
            raise HTTPException(404, "Votes can be had as csv or jsonl.")
        written, media_type = _FORMATS[ending]
        try:
            assistant = workspace.assistant(slug)
            text = written(workspace.store.votes(assistant.id))
        except NotFound as error:
            raise HTTPException(404, str(error)) from error
        except DuetError as error:
            raise HTTPException(500, str(error)) from error
        name = f'attachment; filename="{assistant.slug}-votes.{ending}"'
        return Response(text, media_type=media_type, headers={"Content-Disposition": name})

    return routes
