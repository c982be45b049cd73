"""Pages of PDF documents as pictures, drawn when they are looked at and kept for a while."""

from __future__ import annotations

import threading
from functools import lru_cache
from pathlib import Path

from fastapi import APIRouter, HTTPException
from starlette.responses import Response

from assistant.errors import DuetError, documents_mapped
from assistant.workspace import Workspace
from retrieval.errors import UnreadableDocument
from retrieval.page_picture import page_picture

_WIDTH = 900  # pixels
_KEPT = 64
_AT_ONCE = threading.Semaphore(2)


def picture_address(slug: str, document_id: str, version: int, page: int) -> str:
    """Where the picture of a page is to be had; page counts from 1."""
    return f"/pages/{slug}/{document_id}/{version}/{page}.png"


def router(workspace: Workspace) -> APIRouter:
    """The route of `picture_address`."""
    routes = APIRouter()

    @routes.get("/pages/{slug}/{document_id}/{version}/{page}.png")
    def picture(slug: str, document_id: str, version: int, page: int) -> Response:
        try:
            with documents_mapped():
                corpus = workspace.corpus(workspace.assistant(slug))
                document = corpus.document(document_id)
                file = corpus.file(document.id)
        except DuetError as error:
            raise HTTPException(404, str(error)) from error
        if document.version != version or not 1 <= page <= (document.pages or 0):
            raise HTTPException(404, "There is no such page: open the document again.")
        try:
            drawn = _drawn(file, page)
        except UnreadableDocument as error:
            raise HTTPException(422, str(error)) from error
        # The address names the version, so that the picture behind it never changes.
        return Response(
            drawn, media_type="image/png", headers={"Cache-Control": "private, max-age=86400"}
        )

    return routes


@lru_cache(maxsize=_KEPT)
def _drawn(file: Path, page: int) -> bytes:
    with _AT_ONCE:
        return page_picture(file, page, _WIDTH)
