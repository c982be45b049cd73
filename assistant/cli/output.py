"""How commands show things: tables and bars for people, one JSON document for programs."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
from rich.table import Table

from assistant.workspace import Progress as ProgressCallback

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]

_messages = Console(stderr=True)


def show_json(value: Any) -> None:
    """Print a value, records included, as the one JSON document of this command."""
    sys.stdout.write(json.dumps(plain(value), ensure_ascii=False, indent=2) + "\n")


def plain(value: Any) -> Any:
    """A record, or a collection of them, as what JSON can hold."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = dataclasses.fields(value)
        return {field.name: plain(getattr(value, field.name)) for field in fields}
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    return value


def show_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows under their columns on stdout, nothing cut off."""
    table = Table(*columns, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*("" if cell is None else str(cell) for cell in row))
    Console(width=None if sys.stdout.isatty() else 200).print(table, markup=False)


def say(text: str) -> None:
    """A line for people on stdout."""
    sys.stdout.write(f"{text}\n")


def note(text: str) -> None:
    """A line on stderr, where it does not mix with what was asked for."""
    sys.stderr.write(f"{text}\n")


@contextmanager
def bar() -> Iterator[ProgressCallback]:
    """A progress bar on stderr, driven by a stage and the share of it that is done."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    with Progress(*columns, console=_messages, transient=True) as progress:
        task = progress.add_task("", total=1.0, visible=False)

        def report(stage: str, share: float) -> None:
            progress.update(task, description=stage, completed=share, visible=True)

        yield report
