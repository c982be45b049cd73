"""What the settings drawer says: where things are, what runs, and what leaves the machine.

Nothing is changed here: settings are read from the environment when Duet is started.
"""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from assistant.drawing.tables import Column, table
from assistant.drawing.words import model_name, size
from assistant.settings import VARIABLES, Settings, variable_values, without_password
from assistant.ui.notices import notice, sentence_of
from assistant.ui.passages import drawer
from assistant.workspace import Workspace

_PACKAGES = (
    "gradio",
    "torch",
    "transformers",
    "peft",
    "sentence-transformers",
    "faiss-cpu",
    "pymilvus",
    "sqlalchemy",
)
_LEAVES = (
    "Nothing, except what you ask for: a model or embedding model named by a hub name is fetched "
    "once from the Hugging Face hub, which learns its name."
)


@dataclass(frozen=True, slots=True)
class Fact:
    """A line of the drawer."""

    name: str
    value: str


def settings_drawer(workspace: Workspace) -> str:
    """The settings as a drawer; where they cannot be read, the reason."""
    try:
        body = settings_html(workspace)
    except Exception as error:
        body = notice(sentence_of(error), "bad")
    return drawer("Settings", "Read from the environment when Duet is started", body, wide=True)


def settings_html(workspace: Workspace) -> str:
    """Everything in it as safe HTML."""
    settings, values = workspace.settings, variable_values()
    return (
        _section("Where things are", places(settings))
        + _section("Models", models(workspace))
        + _section("Services that Duet talks to", services(settings, values))
        + f'<h3 class="section">What leaves this machine</h3><p>{escape(leaving(settings, values))}'
        "</p>" + _variables(values) + _section("Versions", versions())
    )


def places(settings: Settings) -> list[Fact]:
    """Folder, database, their sizes, and the space that is free."""
    home = settings.home
    free = shutil.disk_usage(home).free if home.exists() else 0
    return [
        Fact("Folder", str(home)),
        Fact("Size of the folder", size(_bytes(home))),
        Fact("Free space there", size(free)),
        Fact("Database", without_password(settings.database_url)),
    ]


def models(workspace: Workspace) -> list[Fact]:
    """Those in the folder, the one in memory, and what vectors are searched with."""
    folder, known = workspace.settings.models, workspace.assistants()
    present = (
        sorted(one.name for one in folder.iterdir() if one.is_dir()) if folder.exists() else []
    )
    resident = {model_name(one.base_model) for one in known if workspace.backend_ready(one)}
    index = without_password(workspace.settings.vector_index)
    return [
        Fact("In the folder", ", ".join(present) or "none yet"),
        Fact("Used by assistants", ", ".join(sorted({one.base_model for one in known})) or "none"),
        Fact("In memory now", ", ".join(sorted(resident)) or "none"),
        Fact("Vector index", f"Milvus, {index}" if index else "FAISS, in this process"),
    ]


def services(settings: Settings, values: dict[str, str]) -> list[Fact]:
    """Addresses that are set."""
    found = []
    if values["DUET_JUDGE_URL"]:
        found.append(Fact("Judge", values["DUET_JUDGE_URL"]))
    if values["DUET_WRITER_URL"]:
        found.append(Fact("Writer of examples", values["DUET_WRITER_URL"]))
    if settings.vector_index.startswith(("http://", "https://")):
        found.append(Fact("Milvus", without_password(settings.vector_index)))
    if not settings.database_url.startswith("sqlite"):
        found.append(Fact("Database", without_password(settings.database_url)))
    return found or [Fact("None", "Everything runs on this machine.")]


def leaving(settings: Settings, values: dict[str, str]) -> str:
    """What is sent away, in a paragraph."""
    parts = [_LEAVES]
    if values["DUET_JUDGE_URL"]:
        parts.append(
            "Where you start a judge, questions, answers and references are sent to its address."
        )
    if values["DUET_WRITER_URL"]:
        parts.append(
            "Where you have a model write examples, passages of your documents and the questions "
            "on them are sent to its address."
        )
    if settings.vector_index.startswith(("http://", "https://")):
        parts.append("Vectors of the passages are kept on the Milvus server.")
    if not settings.database_url.startswith("sqlite"):
        parts.append("Examples, conversations and votes are kept in the database server.")
    return " ".join(parts)


def versions() -> list[Fact]:
    """Of Duet, Python, the system, and the libraries that decide what comes out."""
    found = [Fact("Python", f"{sys.version.split()[0]} on {platform.platform(terse=True)}")]
    for name in ("duet", *_PACKAGES):
        try:
            found.append(Fact(name, version(name)))
        except PackageNotFoundError:
            continue
    return found


def _variables(values: dict[str, str]) -> str:
    columns = (Column("Variable"), Column("What it is"), Column("Now"))
    rows = [
        (
            f"<code>{one.name}</code>",
            escape(one.about),
            escape(values[one.name]) or f'<span class="quiet">not set: {escape(one.unset)}</span>',
        )
        for one in VARIABLES
    ]
    return (
        '<h3 class="section">Environment variables</h3><p class="quiet">To change one, set it and '
        "start Duet again, as in <code>DUET_HOME=/path/of/yours duet serve</code>.</p>"
        + table(columns, rows, "Environment variables")
    )


def _section(title: str, facts: Sequence[Fact]) -> str:
    items = "".join(
        f"<div><dt>{escape(one.name)}</dt><dd>{escape(one.value)}</dd></div>" for one in facts
    )
    return f'<h3 class="section">{escape(title)}</h3><dl class="settings-facts">{items}</dl>'


def _bytes(folder: Path) -> int:
    """Of all files under it; what goes meanwhile is left out."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += Path(place, name).lstat().st_size
            except OSError:
                continue
    return total
