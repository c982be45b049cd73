"""Fine-tuning runs: each a folder that explains itself and a worker process of its own.

What a run is doing is read from its folder and from the process table alone, so closing the
browser, restarting the app or losing the machine loses nothing. No torch is imported here.
"""

from __future__ import annotations

import errno
import logging
import secrets
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import psutil  # type: ignore[import-untyped]
from filelock import FileLock

from assistant.errors import Conflict, NotFound, StoreError, TrainingError
from assistant.records import Assistant, Example
from assistant.training.estimate import Preflight
from assistant.training.folder import RunFolder, read_json, write_json
from assistant.training.process import process_alive, start_worker
from assistant.training.progress import ProgressReader, Sample, Step
from assistant.training.request import (
    PassagesFor,
    RunRequest,
    characters,
    portable_name,
    run_request,
    training_rows,
)
from assistant.training.settings import PRESETS, TrainingSettings

__all__ = ["PRESETS", "Run", "RunState", "Runs", "Step", "TrainingSettings"]

logger = logging.getLogger(__name__)

RunState = Literal["running", "stopping", "stopped", "done", "failed", "interrupted"]

_INTERRUPTED = (
    "The training process ended before it was done (killed, out of memory, or the machine went "
    "down). What was saved is kept: resume the run."
)


@dataclass(frozen=True, slots=True)
class Run:
    """A fine-tuning as its folder tells it.

    rows: count of train and validation rows. adapter: the folder of the tuned weights, None until
    there are any. error: one sentence where the run failed or was interrupted. untrained_loss: the
    validation loss before the first step, in nats. base_sha256: of the base model's weights, ""
    until the worker has read them. final: what done.json says. preflight: what it needs, measured
    before its first step; None until then. samples: answers to the same questions at each
    evaluation. notices: what it had to do otherwise than it was told.
    """

    id: str
    assistant_id: str
    created_at: datetime
    state: RunState
    settings: TrainingSettings
    base_model: str
    base_sha256: str
    data_sha256: str
    rows: dict[str, int]
    adapter: Path | None
    error: str
    steps: tuple[Step, ...]
    untrained_loss: float | None
    final: dict[str, Any]
    preflight: Preflight | None = None
    untrained_recall: float | None = None
    samples: tuple[Sample, ...] = ()
    notices: tuple[str, ...] = ()

    @property
    def live(self) -> bool:
        """Whether its process is at work."""
        return self.state in ("running", "stopping")


class Runs:
    """The runs of one assistant, in its `runs` folder.

    launch: starts the worker of a run's folder and notes its process there.
    """

    def __init__(
        self,
        folder: Path,
        launch: Callable[[RunFolder], subprocess.Popen[bytes]] = start_worker,
    ) -> None:
        self.folder = folder
        self._launch = launch
        self._workers: dict[str, subprocess.Popen[bytes]] = {}
        self._progress: dict[str, ProgressReader] = {}

    def start(
        self,
        assistant: Assistant,
        model_folder: Path,
        examples: Sequence[Example],
        settings: TrainingSettings,
        passages_for: PassagesFor | None = None,
        base_sha256: str = "",
    ) -> Run:
        """Write a run's folder and start its worker.

        Only examples of the splits `train` and `validation` are used. passages_for: an example for
        which it returns passages is trained on twice, from memory and from those passages.

        Raises InvalidRequest for wrong settings, ExamplesError without training examples,
        ModelError without a base model, Conflict while another run is live, TrainingError or
        StoreError where the folder or the process cannot be made.
        """
        created = datetime.now(UTC)
        run_id = f"{created:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
        request = run_request(
            run_id, created, assistant, model_folder, examples, settings, passages_for, base_sha256
        )
        with self._sole():
            self._refuse_second()
            with _mapped("The run could not be written"):
                folder = self._make(request, model_folder)
            self._spawn(folder)
        return self.get(run_id)

    def list(self) -> list[Run]:
        """All runs, newest first. Cheap enough to be polled."""
        if not self.folder.is_dir():
            return []
        found = [self._read(RunFolder(path.parent)) for path in self.folder.glob("[!.]*/run.json")]
        return sorted(found, key=lambda run: (run.created_at, run.id), reverse=True)

    def get(self, run_id: str) -> Run:
        """Raises NotFound."""
        return self._read(self._folder(run_id))

    def stop(self, run_id: str) -> Run:
        """Ask a live run to save its adapter after the step at hand and end.

        Raises NotFound, Conflict where it is not running.
        """
        run = self.get(run_id)
        if not run.live:
            raise Conflict(f"Run {run_id} is not running ({run.state}): nothing was changed.")
        with _mapped("The run could not be told to stop"):
            self._folder(run_id).stop.touch()
        return self.get(run_id)

    def resume(self, run_id: str, model_folder: Path | None = None) -> Run:
        """Go on from the last checkpoint, or from the start where there is none.

        model_folder: where the base model lies now, where it has moved.

        Raises NotFound, Conflict where it is running or done or another run is live.
        """
        with self._sole():
            run = self.get(run_id)
            if run.live or run.state == "done":
                raise Conflict(f"Run {run_id} is {run.state}: there is nothing to resume.")
            self._refuse_second()
            folder = self._folder(run_id)
            with _mapped("The run could not be resumed"):
                if model_folder is not None:
                    write_json(folder.local, {"model_folder": str(model_folder.absolute())})
                for path in (folder.stop, folder.error, folder.done):
                    path.unlink(missing_ok=True)
            self._spawn(folder)
        return self.get(run_id)

    def latest_usable(self) -> Run | None:
        """The newest run that has a whole adapter."""
        return next((run for run in self.list() if run.adapter is not None), None)

    def estimate(
        self, assistant: Assistant, examples: Sequence[Example], settings: TrainingSettings
    ) -> float | None:
        """Minutes that training on these examples would take on this machine.

        From the newest run on the same base model that was measured here; None where there is none,
        so that nothing is invented.
        """
        chosen = [example for example in examples if example.split == "train"]
        wanted = characters(training_rows(assistant, chosen, None))
        for run in self.list():
            folder = self._folder(run.id)
            about = read_json(folder.run) or {}
            here = folder.local.is_file() and run.base_model == portable_name(assistant.base_model)
            if not here or len(run.steps) < 3:
                continue
            last = run.steps[-1]
            epochs = settings.settled(len(chosen), about["base_parameters"]).epochs or 0.0
            seconds_a_character: float = last.seconds / (last.epoch * about["characters"])
            return seconds_a_character * wanted * epochs / 60
        return None

    def _folder(self, run_id: str) -> RunFolder:
        folder = RunFolder(self.folder / run_id)
        if Path(run_id).name != run_id or run_id.startswith(".") or not folder.run.is_file():
            raise NotFound(f"There is no run {run_id}.")
        return folder

    @contextmanager
    def _sole(self) -> Iterator[None]:
        """One process at a time starts runs: the page and the command line share the folder."""
        with _mapped("The folder of the runs cannot be used"):
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.folder / ".lock", timeout=30)
            lock.acquire()
        try:
            yield
        finally:
            lock.release()

    def _refuse_second(self) -> None:
        live = next((run for run in self.list() if run.live), None)
        if live is not None:
            raise Conflict(
                f"Run {live.id} of this assistant is still {live.state}: stop it, or wait until it "
                "is done."
            )

    def _make(self, request: RunRequest, model_folder: Path) -> RunFolder:
        temporary = RunFolder(self.folder / f".{request.about['id']}")
        final = RunFolder(self.folder / request.about["id"])
        try:
            temporary.path.mkdir()
            request.write(temporary, model_folder)
            temporary.path.rename(final.path)
        except OSError:
            shutil.rmtree(temporary.path, ignore_errors=True)
            raise
        return final

    def _spawn(self, folder: RunFolder) -> None:
        try:
            worker = self._launch(folder)
        except (OSError, psutil.Error) as error:
            raise TrainingError(
                f"The training process could not be started ({error}); the run is kept: resume it."
            ) from error
        self._workers[folder.path.name] = worker
        logger.info("Run %s started as process %d", folder.path.name, worker.pid)

    def _read(self, folder: RunFolder) -> Run:
        with _mapped("A run could not be read"):
            # The process first: what it leaves behind is looked at when it is surely gone.
            alive = self._alive(folder)
            about = read_json(folder.run)
            error = read_json(folder.error)
            final = read_json(folder.done)
            preflight = read_json(folder.preflight)
            progress = self._reader(folder).read()
        if about is None:
            raise NotFound(f"There is no run {folder.path.name}: it was deleted.")
        state = _state(folder, alive, final, error)
        sentence = {"failed": error["error"] if error else "", "interrupted": _INTERRUPTED}
        return Run(
            id=about["id"],
            assistant_id=about["assistant"]["id"],
            created_at=datetime.fromisoformat(about["created_at"]),
            state=state,
            settings=TrainingSettings(**about["settings"]),
            base_model=about["base_model"],
            base_sha256=about["base_sha256"],
            data_sha256=about["data_sha256"],
            rows=about["rows"],
            adapter=folder.usable_adapter(),
            error=sentence.get(state, ""),
            steps=progress.steps,
            untrained_loss=progress.untrained_loss,
            final=final or {},
            preflight=Preflight.of(preflight) if preflight else None,
            untrained_recall=progress.untrained_recall,
            samples=progress.samples,
            notices=progress.notices,
        )

    def _alive(self, folder: RunFolder) -> bool:
        worker = self._workers.get(folder.path.name)
        if worker is not None and worker.poll() is not None:  # polling also buries a dead child
            self._workers.pop(folder.path.name, None)
        process = read_json(folder.process)
        return process is not None and process_alive(process["pid"], process["started"])

    def _reader(self, folder: RunFolder) -> ProgressReader:
        return self._progress.setdefault(folder.path.name, ProgressReader(folder.progress))


def _state(
    folder: RunFolder, alive: bool, final: dict[str, Any] | None, error: dict[str, Any] | None
) -> RunState:
    if alive:
        return "stopping" if folder.stop.exists() else "running"
    if error is not None:
        return "failed"
    if final is not None:
        return "stopped" if final["stopped"] else "done"
    return "interrupted"


@contextmanager
def _mapped(what: str) -> Iterator[None]:
    """Map failures of the disk to StoreError."""
    try:
        yield
    except OSError as error:
        reason = "the disk is full" if error.errno == errno.ENOSPC else str(error)
        raise StoreError(
            f"{what}: {reason}. Earlier runs are kept; put the folder right and try again."
        ) from error
