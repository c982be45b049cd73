"""What a fine-tuning would cost, measured on this machine and without training anything.

A worker loads the base model, makes one real step at the longest batch in a folder of its own, and
the folder is deleted again.
"""

from __future__ import annotations

import secrets
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from assistant.errors import StoreError, TrainingError, documents_mapped
from assistant.models import resolve_model
from assistant.records import Assistant
from assistant.training.estimate import Preflight
from assistant.training.folder import RunFolder, read_json
from assistant.training.process import start_worker
from assistant.training.request import RunRequest, run_request
from assistant.training.settings import TrainingSettings
from assistant.workspace import Progress, Workspace
from assistant.writing.context_rows import context_passages

_LOOK_SECONDS = 0.2


def estimate_run(
    workspace: Workspace,
    assistant: Assistant,
    settings: TrainingSettings,
    progress: Progress | None = None,
    stop: threading.Event | None = None,
) -> Preflight:
    """The pre-flight alone of what `workspace.train` would start: minutes, memory, and what fits.

    progress: of fetching the base model. stop: ends it early, with TrainingError. Raises as
    `workspace.train` does, and TrainingError where not even one row fits into memory.
    """
    examples = workspace.training_examples(assistant)
    model = resolve_model(assistant.base_model, workspace.settings.models, progress)
    passages_for = None
    if settings.checked().context_share:
        with documents_mapped():
            retriever = workspace.retriever(assistant)
        weight = assistant.retrieval.lexical_weight
        passages_for = context_passages(retriever, examples, settings.context_share, weight)
    now = datetime.now(UTC)
    request = run_request("estimate", now, assistant, model, examples, settings, passages_for)
    if progress is not None:
        progress("Measuring one step", 0.0)
    return measured(workspace.runs(assistant).folder, request, model, stop=stop)


def measured(
    runs: Path,
    request: RunRequest,
    model_folder: Path,
    *,
    launch: Callable[[RunFolder], subprocess.Popen[bytes]] = start_worker,
    stop: threading.Event | None = None,
) -> Preflight:
    """Measure in a folder that is no run's. Raises TrainingError, StoreError."""
    with _temporary(runs) as folder:
        request.write(folder, model_folder)
        folder.estimate_only.touch()
        try:
            worker = launch(folder)
        except (OSError, psutil.Error) as error:
            raise TrainingError(f"The step could not be measured ({error}): try again.") from error
        try:
            while worker.poll() is None:
                if stop is not None and stop.is_set():
                    raise TrainingError("The measuring was stopped: nothing was changed.")
                with suppress(subprocess.TimeoutExpired):
                    worker.wait(_LOOK_SECONDS)
        finally:
            worker.kill()
            worker.wait()
        found, error_said = read_json(folder.preflight), read_json(folder.error)
    if error_said is not None:
        raise TrainingError(str(error_said["error"]))
    if found is None or worker.returncode != 0:
        raise TrainingError(
            "The process that measured a step ended before it was done, most likely for lack of "
            "memory: choose a smaller max length, a smaller batch size or a smaller base model."
        )
    return Preflight.of(found)


@contextmanager
def _temporary(runs: Path) -> Iterator[RunFolder]:
    folder = RunFolder(runs / f".estimate-{secrets.token_hex(4)}")
    try:
        folder.path.mkdir(parents=True)
        yield folder
    except OSError as error:
        raise StoreError(
            f"The folder of the runs cannot be written ({error.strerror or error}): free some "
            "space or put its permissions right, and try again."
        ) from error
    finally:
        shutil.rmtree(folder.path, ignore_errors=True)
