"""An export of one of an assistant's runs, with what the workspace knows of it."""

from __future__ import annotations

from pathlib import Path

from assistant.errors import ModelError
from assistant.exporting.export import BackendFor, Export, Form, Progress, export_run
from assistant.exporting.model_card import CardScores
from assistant.models import resolve_model
from assistant.records import Assistant
from assistant.registry.comparison import run_scores
from assistant.runs import Run
from assistant.training.folder import RunFolder, read_json
from assistant.training.request import portable_name
from assistant.workspace import Workspace


def export_of_run(
    workspace: Workspace,
    assistant: Assistant,
    run: Run,
    form: Form,
    folder: Path,
    progress: Progress,
    backend_for: BackendFor | None = None,
) -> Export:
    """Export a run on the base model that it was trained on, with its scores on the card.

    backend_for: a local backend where none is given. Raises as `export_run`, and ModelError where
    the base model cannot be had.
    """
    if backend_for is None:
        from assistant.local_model import LocalBackend

        backend_for = LocalBackend
    run_folder = RunFolder(workspace.runs(assistant).folder / run.id)
    return export_run(
        assistant,
        run,
        run_folder.run,
        base_of_run(workspace, assistant, run, progress),
        form,
        folder,
        backend_for=backend_for,
        examples=workspace.store.examples(assistant.id, "train"),
        scores=scores_of_run(workspace, assistant, run),
        progress=progress,
    )


def base_of_run(workspace: Workspace, assistant: Assistant, run: Run, progress: Progress) -> Path:
    """The folder of the base model that a run was trained on.

    It need not be the assistant's own: that may have been changed since, and a sweep tries the next
    larger one. Raises ModelError.
    """
    if run.base_model == portable_name(assistant.base_model):
        return resolve_model(assistant.base_model, workspace.settings.models, progress)
    local = read_json(RunFolder(workspace.runs(assistant).folder / run.id).local) or {}
    base = Path(local.get("model_folder", ""))
    if local.get("model_folder") and (base / "config.json").is_file():
        return base
    raise ModelError(
        f"Run {run.title} was trained on {run.base_model}, which is not on this machine, and "
        f"{assistant.name} now has {portable_name(assistant.base_model)}: make {run.base_model} "
        "its base model to export the run."
    )


def scores_of_run(workspace: Workspace, assistant: Assistant, run: Run) -> CardScores:
    """The newest score of the run by question set, contender and metric."""
    found: CardScores = {}
    for score in run_scores(run.id, workspace.store.evaluations(assistant.id)):
        of = f"{score.question_set}, {score.kind}"
        found.setdefault(of, {})[score.metric] = (score.mean.mean, score.mean.n)
    return found
