"""The examples as a file with its data card, made when it is asked for."""

from __future__ import annotations

import io
import tempfile
import zipfile
from pathlib import Path

from fastapi import APIRouter, HTTPException
from starlette.responses import Response

from assistant.errors import DuetError, ExamplesError, InvalidRequest, NotFound
from assistant.interchange.exporting import (
    EXPORT_FORMATS,
    EXPORT_SHAPES,
    ExportFormat,
    ExportShape,
    export_examples,
)
from assistant.workspace import Workspace


def export_address(slug: str, shape: str, format: str) -> str:
    """Where the examples of an assistant are to be had in a shape and format, zipped."""
    return f"/downloads/{slug}/examples/{shape}.{format}.zip"


def examples_router(workspace: Workspace) -> APIRouter:
    """The route of `export_address`."""
    routes = APIRouter()

    @routes.get(export_address("{slug}", "{shape}", "{format}"))
    def examples(slug: str, shape: str, format: str) -> Response:
        chosen = next((one for one in EXPORT_SHAPES if one == shape), None)
        ending = next((one for one in EXPORT_FORMATS if one == format), None)
        if chosen is None or ending is None:
            raise HTTPException(404, "There is no such shape or format of examples.")
        try:
            content = _zipped(workspace, slug, chosen, ending)
        except NotFound as error:
            raise HTTPException(404, str(error)) from error
        except (InvalidRequest, ExamplesError) as error:
            raise HTTPException(400, str(error)) from error
        except DuetError as error:
            raise HTTPException(500, str(error)) from error
        attached = f'attachment; filename="{slug}-examples.zip"'
        return Response(
            content, media_type="application/zip", headers={"Content-Disposition": attached}
        )

    return routes


def _zipped(workspace: Workspace, slug: str, shape: ExportShape, format: ExportFormat) -> bytes:
    assistant = workspace.assistant(slug)
    with tempfile.TemporaryDirectory(prefix="duet-export-") as folder:
        made = export_examples(workspace, assistant, Path(folder), shape, format)
        written = io.BytesIO()
        with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in (made.path, made.card):
                archive.write(path, path.name)
    return written.getvalue()
