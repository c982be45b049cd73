"""Train on votes: the one call of the page and the command line."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from assistant.errors import ExamplesError, InvalidRequest
from assistant.preferences.gathering import votes_that_train
from assistant.preferences.records import Method
from assistant.preferences.request import PreferenceRequest, preference_request
from assistant.preferences.watched import watched_facts
from assistant.records import Assistant
from assistant.run_estimate import measured
from assistant.runs import Run, new_run_id
from assistant.training.estimate import Preflight
from assistant.training.folder import RunFolder, read_json
from assistant.training.held_out import HeldOut
from assistant.training.preference_settings import PreferenceSettings
from assistant.workspace import Progress, Workspace


def train_on_votes(
    workspace: Workspace,
    assistant: Assistant,
    method: Method,
    *,
    run_id: str | None = None,
    settings: PreferenceSettings | None = None,
    epochs: float | None = None,
    learning_rate: float | None = None,
    careless: bool = False,
    progress: Progress | None = None,
) -> Run:
    """Start a run on the votes that goes on from a tuned model, the latest where none is named.

    careless: take the votes of voters found careless as well. progress: of fetching the base model.

    Raises ExamplesError where the votes are too few, InvalidRequest where there is no tuned model
    or the settings are wrong, NotFound for an unknown run, ModelError, TrainingError or StoreError
    as `Runs.start`.
    """
    request, model = _asked(
        workspace, assistant, method, run_id, settings, epochs, learning_rate, careless, progress
    )
    return workspace.runs(assistant).begin(request, model)


def estimate_on_votes(
    workspace: Workspace,
    assistant: Assistant,
    method: Method,
    *,
    run_id: str | None = None,
    epochs: float | None = None,
    learning_rate: float | None = None,
    careless: bool = False,
    progress: Progress | None = None,
) -> Preflight:
    """The pre-flight alone of what `train_on_votes` would start: minutes, memory, and what fits.

    Raises as `train_on_votes` does, and TrainingError where the fewest rows do not fit into memory.
    """
    request, model = _asked(
        workspace, assistant, method, run_id, None, epochs, learning_rate, careless, progress
    )
    if progress is not None:
        progress("Measuring one step", 0.0)
    return measured(workspace.runs(assistant).folder, request, model)


def _asked(
    workspace: Workspace,
    assistant: Assistant,
    method: Method,
    run_id: str | None,
    settings: PreferenceSettings | None,
    epochs: float | None,
    learning_rate: float | None,
    careless: bool,
    progress: Progress | None,
) -> tuple[PreferenceRequest, Path]:
    """The request, and the folder of the base model."""
    from assistant.models import resolve_model

    runs = workspace.runs(assistant)
    earlier = runs.latest_usable() if run_id is None else runs.get(run_id)
    if earlier is None or earlier.adapter is None:
        raise InvalidRequest(
            "Votes train a model that is tuned already, and there is none: train on the examples "
            "first."
        )
    found = votes_that_train(workspace.store, assistant, method, careless)
    if found.lacking:
        raise ExamplesError(found.lacking)
    model = resolve_model(assistant.base_model, workspace.settings.models, progress)
    created = datetime.now(UTC)
    folder = RunFolder(runs.folder / earlier.id)
    asked = HeldOut.of(read_json(folder.held_out))
    asked = watched_facts(asked, workspace.store.examples(assistant.id))
    request = preference_request(
        new_run_id(created),
        created,
        assistant,
        model,
        found,
        folder,
        settings or PreferenceSettings(method),
        asked,
        epochs,
        learning_rate,
    )
    return request, model
