"""The command that takes a tuned model away."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from assistant.cli.output import AsJson, bar, note, say, show_json
from assistant.cli.workspace import Name, opened
from assistant.exporting.export import Export
from assistant.exporting.from_workspace import export_of_run
from assistant.exporting.training_data import export_training_data
from assistant.registry.labels import run_named

Form = Literal["adapter", "merged", "gguf", "data"]


def export(
    name: Name,
    run: str,
    form: Annotated[
        Form,
        typer.Argument(
            help="adapter (PEFT), merged (safetensors), gguf (Ollama), or data (its rows)."
        ),
    ],
    folder: Annotated[Path, typer.Argument(help="A new folder to write into.")],
    as_json: AsJson = False,
) -> None:
    """Export a run's model, load it again, and hold its answers against the app's."""
    if form == "data":
        _export_data(name, run, folder, as_json)
        return
    with opened() as workspace, bar() as report:
        assistant = workspace.assistant(name)
        chosen = run_named(workspace.runs(assistant), run)
        made = export_of_run(workspace, assistant, chosen, form, folder, report)
    if as_json:
        show_json(made)
    else:
        _say(made)


def _export_data(name: str, run: str, folder: Path, as_json: bool) -> None:
    with opened() as workspace:
        runs = workspace.runs(workspace.assistant(name))
        found = run_named(runs, run)
        files = export_training_data(found, runs.folder / found.id, folder)
    if as_json:
        show_json({"folder": str(folder), "files": files})
        return
    for file, size in files:
        say(f"{size / 1e6:9.1f} MB  {folder / file}")


def _say(made: Export) -> None:
    for file, size in made.files:
        say(f"{size / 1e6:9.1f} MB  {made.folder / file}")
    if made.unchecked:
        note(made.unchecked)
        return
    differing = [one for one in made.checked if not one.equal]
    say(
        f"Asked {len(made.checked)} training questions: {len(made.checked) - len(differing)} "
        "answers are word for word those of the app."
    )
    for one in differing:
        say(f"Differs: {one.question}\n  app:    {one.app}\n  export: {one.export}")
