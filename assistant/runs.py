"""Fine-tuning runs: each a folder that explains itself and a worker process of its own.

What a run is doing is read from its folder and from the process table alone, so closing the
browser, restarting the app or losing the machine loses nothing. No torch is imported here.
"""

from __future__ import annotations

import errno
import logging
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from assistant.errors import Conflict, NotFound, StoreError
from assistant.records import Assistant, Example
from assistant.training.estimate import Preflight
from assistant.training.folder import RunFolder, read_json, write_json
from assistant.training.graves import missing
from assistant.training.process import start_worker
from assistant.training.progress import ProgressReader, Sample, Step
from assistant.training.queue import Launch, RunQueue
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

RunState = Literal[
    "queued", "running", "stopping", "stopped", "done", "failed", "interrupted", "withdrawn"
]

_WITHDRAWN = "Taken out of the queue before it began: resume it to train it, or delete it."

_INTERRUPTED = (
    "The training process ended before it was done (killed, out of memory, or the machine went "
    "down). What was saved is kept: resume the run."
)
_DISK_FULL = (
    "The training process ended before it was done, and the disk it writes to is full. What was "
    "saved is kept: free some space, then resume the run."
)
_LITTLE_SPACE = 16 * 2**20  # bytes; with less a worker can fail to write even why it ended


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
    position: int | None = None
    name: str = ""
    note: str = ""
    trial: str = ""
    method: str = "sft"
    parent: str = ""

    @property
    def live(self) -> bool:
        """Whether its process is at work."""
        return self.state in ("running", "stopping")

    @property
    def pending(self) -> bool:
        """Whether its process is at work, or will be when its turn comes."""
        return self.live or self.state == "queued"

    @property
    def usable(self) -> bool:
        """Whether it may answer without being asked for: it has an adapter and is no trial."""
        return self.adapter is not None and not self.trial

    @property
    def title(self) -> str:
        """Its name, or its id where it has none."""
        return self.name or self.id


class Runs:
    """The runs of one assistant, in its `runs` folder.

    launch: starts the worker of a run's folder and notes its process there. queue: that of the
    DUET_HOME, for a machine trains one run at a time; without one, that of this folder alone.
    """

    def __init__(
        self, folder: Path, launch: Launch = start_worker, queue: RunQueue | None = None
    ) -> None:
        self.folder = folder
        self.queue = queue or RunQueue(folder.parent, launch, run_folders=folder.name)
        self._progress: dict[str, ProgressReader] = {}

    def start(
        self,
        assistant: Assistant,
        model_folder: Path,
        examples: Sequence[Example],
        settings: TrainingSettings,
        passages_for: PassagesFor | None = None,
        base_sha256: str = "",
        *,
        documents: Mapping[str, str] | None = None,
        run_id: str = "",
        trial: str = "",
        log_to: Sequence[str] = (),
    ) -> Run:
        """Write a run's folder and start its worker, or let it wait in the queue.

        It waits where another run of the DUET_HOME is live; the folder is written at once, so that
        it will train what was asked for now. Only examples of the splits `train` and `validation`
        are used. passages_for: an example for which it returns passages is trained on twice, from
        memory and from those passages. documents: SHA-256 of the bytes of each by its name, to tell
        later which of them changed. run_id: a new one, where the caller has to know it before.
        trial: the sweep that the run is of. log_to: other programs that read its figures
        (`training.logs.LOGS`).

        Raises InvalidRequest for wrong settings, ExamplesError without training examples,
        ModelError without a base model, TrainingError or StoreError where the folder or the process
        cannot be made.
        """
        created = datetime.now(UTC)
        run_id = run_id or new_run_id(created)
        request = run_request(
            run_id,
            created,
            assistant,
            model_folder,
            examples,
            settings,
            passages_for,
            base_sha256,
            documents=documents,
            trial=trial,
            log_to=log_to,
        )
        return self.begin(request, model_folder)

    def begin(self, request: RunRequest, model_folder: Path) -> Run:
        """Write a request's folder and start its worker, as `start` does.

        Raises TrainingError or StoreError.
        """
        with self.queue.alone():
            with _mapped("The run could not be written"):
                folder = self._make(request, model_folder)
            self._take_turn(folder)
        return self.get(folder.path.name)

    def list(self) -> list[Run]:
        """All runs, newest first. Cheap enough to be polled."""
        if not self.folder.is_dir():
            return []
        with _mapped("The runs could not be read"):
            self.queue.tend()
            waiting = self.queue.waiting()
        paths = self.folder.glob("[!.]*/run.json")
        found = [self._read(RunFolder(path.parent), waiting) for path in paths]
        return sorted(found, key=lambda run: (run.created_at, run.id), reverse=True)

    def get(self, run_id: str) -> Run:
        """Raises NotFound."""
        return self._read(self._folder(run_id), self.queue.waiting())

    def stop(self, run_id: str) -> Run:
        """Ask a live run to save its adapter after the step at hand and end.

        One that waits is taken out of the queue. Raises NotFound, Conflict where it does neither.
        """
        run = self.get(run_id)
        if run.state == "queued":
            return self.withdraw(run_id)
        if not run.live:
            raise Conflict(f"Run {run_id} is not running ({run.state}): nothing was changed.")
        with _mapped("The run could not be told to stop"):
            self._folder(run_id).stop.touch()
        return self.get(run_id)

    def resume(self, run_id: str, model_folder: Path | None = None) -> Run:
        """Go on from the last checkpoint, or from the start where there is none.

        It waits where another run is live. model_folder: where the base model lies now, where it
        has moved.

        Raises NotFound, Conflict where it is running, waiting or done.
        """
        with self.queue.alone():
            run = self.get(run_id)
            if run.pending or run.state == "done":
                raise Conflict(f"Run {run_id} is {run.state}: there is nothing to resume.")
            folder = self._folder(run_id)
            with _mapped("The run could not be resumed"):
                if model_folder is not None:
                    write_json(folder.local, {"model_folder": str(model_folder.absolute())})
                self.queue.add(folder)
            self._take_turn(folder)
        return self.get(run_id)

    def move(self, run_id: str, position: int) -> Run:
        """Give a waiting run another place in the queue, 1 for the next to start.

        Raises NotFound, Conflict where it does not wait.
        """
        self.queue.move(self._folder(run_id), position)
        return self.get(run_id)

    def withdraw(self, run_id: str) -> Run:
        """Take a waiting run out of the queue; its folder is kept, so that it can be resumed.

        Raises NotFound, Conflict where it does not wait.
        """
        self.queue.take_out(self._folder(run_id))
        return self.get(run_id)

    def withdraw_all(self) -> None:
        """Take all waiting runs of this assistant out of the queue. Raises StoreError."""
        with self.queue.alone(), _mapped("The queue could not be changed"):
            for folder in self.queue.waiting():
                if folder.path.parent == self.folder:
                    folder.queued.unlink(missing_ok=True)

    def latest_usable(self) -> Run | None:
        """The newest run that has a whole adapter; none that is a trial of a sweep."""
        return next((run for run in self.list() if run.usable), None)

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
            if not here or run.method != "sft" or len(run.steps) < 3:
                continue
            last = run.steps[-1]
            epochs = settings.settled(len(chosen), about["base_parameters"]).epochs or 0.0
            seconds_a_character: float = last.seconds / (last.epoch * about["characters"])
            return seconds_a_character * wanted * epochs / 60
        return None

    def _folder(self, run_id: str) -> RunFolder:
        folder = RunFolder(self.folder / run_id)
        if Path(run_id).name != run_id or run_id.startswith(".") or not folder.run.is_file():
            raise NotFound(missing(self.folder, run_id))
        return folder

    def _take_turn(self, folder: RunFolder) -> None:
        """Start a run that was put at the end of the queue, where its turn is now."""
        with _mapped("The queue could not be read"):
            if self.queue.live() is None and self.queue.waiting()[:1] == [folder]:
                self.queue.begin(folder)
            else:
                self.queue.start_next()
            self.queue.keep()

    def _make(self, request: RunRequest, model_folder: Path) -> RunFolder:
        temporary = RunFolder(self.folder / f".{request.about['id']}")
        final = RunFolder(self.folder / request.about["id"])
        try:
            temporary.path.mkdir(parents=True)
            request.write(temporary, model_folder)
            self.queue.add(temporary)
            temporary.path.rename(final.path)
        except OSError:
            shutil.rmtree(temporary.path, ignore_errors=True)
            raise
        return final

    def _read(self, folder: RunFolder, waiting: Sequence[RunFolder]) -> Run:
        with _mapped("A run could not be read"):
            # The process first: what it leaves behind is looked at when it is surely gone.
            alive = self.queue.alive(folder)
            about = read_json(folder.run)
            error = read_json(folder.error)
            final = read_json(folder.done)
            preflight = read_json(folder.preflight)
            progress = self._reader(folder).read()
            label = read_json(folder.label) or {}
        if about is None:
            raise NotFound(missing(self.folder, folder.path.name))
        state = _state(folder, alive, final, error)
        sentence = {
            "failed": error["error"] if error else "",
            "interrupted": _interrupted(folder) if state == "interrupted" else "",
            "withdrawn": _WITHDRAWN,
        }
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
            position=waiting.index(folder) + 1 if state == "queued" and folder in waiting else None,
            name=label.get("name", ""),
            note=label.get("note", ""),
            trial="" if label.get("kept") else about.get("trial", ""),
            method=about.get("method", "sft"),
            parent=about.get("parent", {}).get("run", ""),
        )

    def _reader(self, folder: RunFolder) -> ProgressReader:
        return self._progress.setdefault(folder.path.name, ProgressReader(folder.progress))


def _state(
    folder: RunFolder, alive: bool, final: dict[str, Any] | None, error: dict[str, Any] | None
) -> RunState:
    if alive:
        return "stopping" if folder.stop.exists() else "running"
    if folder.queued.is_file():
        return "queued"
    if error is not None:
        return "failed"
    if final is not None:
        return "stopped" if final["stopped"] else "done"
    return "interrupted" if folder.process.is_file() else "withdrawn"


def _interrupted(folder: RunFolder) -> str:
    full = shutil.disk_usage(folder.path).free < _LITTLE_SPACE
    return _DISK_FULL if full else _INTERRUPTED


def new_run_id(created: datetime) -> str:
    """An id that no other run has, beginning with its time."""
    return f"{created:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


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
