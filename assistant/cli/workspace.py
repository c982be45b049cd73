"""The workspace as the commands open it, and the argument they share."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from assistant.settings import settings_from_environment
from assistant.workspace import Workspace

Name = Annotated[str, typer.Argument(help="The assistant: its name or slug.")]


@contextmanager
def opened() -> Iterator[Workspace]:
    """The workspace of DUET_HOME, closed again when the command is done."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    workspace = Workspace.open(settings_from_environment())
    try:
        yield workspace
    finally:
        workspace.close()
