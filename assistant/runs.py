"""Fine-tuning runs: each a folder that explains itself and a worker process of its own.

What a run is doing is read from its folder and from the process table alone, so closing the
browser, restarting the app or losing the machine loses nothing. No torch is imported here.
"""

from __future__ import annotations

import errno
import importlib.metadata
import logging
import os
import platform
import secrets
import shutil
import site
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import psutil  # type: ignore[import-untyped]
from filelock import FileLock

from assistant.errors import (
    Conflict,
    ExamplesError,
    ModelError,
    NotFound,
    StoreError,
    TrainingError,
)
from assistant.prompts import PromptPassage, prompt_fingerprint, training_row
from assistant.records import Assistant, Example, content_hash
from assistant.training.folder import RunFolder, Step, read_json, write_json, write_rows
from assistant.training.settings import PRESETS, TrainingSettings

__all__ = ["PRESETS", "Run", "RunState", "Runs", "Step", "TrainingSettings"]

logger = logging.getLogger(__name__)

RunState = Literal["running", "stopping", "stopped", "done", "failed", "interrupted"]
Rows = list[dict[str, Any]]
PassagesFor = Callable[[Example], Sequence[PromptPassage]]

_PACKAGES = ("torch", "transformers", "peft", "trl", "accelerate", "datasets", "duet-assistants")
_INTERRUPTED = (
    "The training process ended before it was done (killed, out of memory, or the machine went "
    "down). What was saved is kept: resume the run."
)


@dataclass(frozen=True, slots=True)
class Run:
    """A fine-tuning as its folder tells it.

    rows: count of train and validation rows. adapter: the folder of the tuned weights, None until
    there are any. error: one sentence where the run failed or was interrupted. base_sha256: of the
    base model's weights, "" until the worker has read them. final: what done.json says.
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
    final: dict[str, Any]

    @property
    def live(self) -> bool:
        """Whether its process is at work."""
        return self.state in ("running", "stopping")


class Runs:
    """The runs of one assistant, in its `runs` folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._workers: dict[str, subprocess.Popen[bytes]] = {}
        self._steps: dict[str, tuple[tuple[int, int], tuple[Step, ...]]] = {}

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
        settings = settings.checked()
        parameters = _parameters(model_folder)
        rows = {
            split: _rows(assistant, [e for e in examples if e.split == split], passages_for)
            for split in ("train", "validation")
        }
        if not rows["train"]:
            raise ExamplesError(
                "There are no examples to train on: write or import some first, or mark some as "
                "training examples."
            )
        settings = settings.settled(len(rows["train"]), parameters)
        created = datetime.now(UTC)
        run_id = f"{created:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
        about = {
            "id": run_id,
            "created_at": created.isoformat(),
            "assistant": _about_assistant(assistant),
            "base_model": _portable(assistant.base_model),
            "base_sha256": base_sha256,
            "base_parameters": parameters,
            "settings": asdict(settings),
            "seed": settings.seed,
            "rows": {split: len(value) for split, value in rows.items()},
            "data_sha256": content_hash(rows),
            "prompt_sha256": prompt_fingerprint(assistant.system_prompt),
            "documents": sorted(
                {e.document for e in examples if e.split == "train" and e.document}
            ),
            "characters": _characters(rows["train"]),
            "versions": _versions(),
        }
        with self._sole():
            self._refuse_second()
            with _written("The run could not be written"):
                folder = self._make(run_id, about, rows, model_folder)
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
        with _written("The run could not be told to stop"):
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
            with _written("The run could not be resumed"):
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
        """Minutes that a training would take, from the newest measured run on the same base model.

        None where nothing was measured yet: nothing is invented. Without passages in the prompts.
        """
        chosen = [example for example in examples if example.split == "train"]
        characters = _characters(_rows(assistant, chosen, None))
        for run in self.list():
            about = read_json(self._folder(run.id).run) or {}
            timed = [step for step in run.steps if step.loss is not None]
            if about.get("base_model") != _portable(assistant.base_model) or len(timed) < 3:
                continue
            epochs = settings.settled(len(chosen), about["base_parameters"]).epochs or 0.0
            seconds_a_character: float = timed[-1].seconds / (timed[-1].epoch * about["characters"])
            return seconds_a_character * characters * epochs / 60
        return None

    def _folder(self, run_id: str) -> RunFolder:
        folder = RunFolder(self.folder / run_id)
        if Path(run_id).name != run_id or run_id.startswith(".") or not folder.run.is_file():
            raise NotFound(f"There is no run {run_id}.")
        return folder

    @contextmanager
    def _sole(self) -> Iterator[None]:
        """One process at a time starts runs: the page and the command line share the folder."""
        with _written("The folder of the runs cannot be used"):
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

    def _make(
        self,
        run_id: str,
        about: dict[str, Any],
        rows: dict[str, Rows],
        model_folder: Path,
    ) -> RunFolder:
        temporary = RunFolder(self.folder / f".{run_id}")
        try:
            temporary.path.mkdir()
            write_rows(temporary.train, rows["train"])
            write_rows(temporary.validation, rows["validation"])
            write_json(temporary.local, {"model_folder": str(model_folder.absolute())})
            write_json(temporary.run, about)
            temporary.path.rename(self.folder / run_id)
        except OSError:
            shutil.rmtree(temporary.path, ignore_errors=True)
            raise
        return RunFolder(self.folder / run_id)

    def _spawn(self, folder: RunFolder) -> None:
        try:
            with folder.log.open("ab") as log:
                worker = subprocess.Popen(
                    [sys.executable, "-m", "assistant.training", str(folder.path.absolute())],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    cwd=folder.path,
                    env=_worker_environment(),
                    start_new_session=True,
                )
            self._workers[folder.path.name] = worker
            started = psutil.Process(worker.pid).create_time()
            write_json(folder.process, {"pid": worker.pid, "started": started})
        except (OSError, psutil.Error) as error:
            raise TrainingError(
                f"The training process could not be started ({error}); the run is kept: resume it."
            ) from error
        logger.info("Run %s started as process %d", folder.path.name, worker.pid)

    def _read(self, folder: RunFolder) -> Run:
        with _written("A run could not be read"):
            about = read_json(folder.run)
            assert about is not None, "only folders with run.json are read"
            alive = self._alive(folder)
            error = read_json(folder.error)
            final = read_json(folder.done)
            steps = self._cached_steps(folder)
        state = _state(folder, alive, final, error)
        sentence = error["error"] if error else _INTERRUPTED if state == "interrupted" else ""
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
            error="" if alive else sentence,
            steps=steps,
            final=final or {},
        )

    def _alive(self, folder: RunFolder) -> bool:
        worker = self._workers.get(folder.path.name)
        if worker is not None and worker.poll() is not None:  # polling also buries a dead child
            del self._workers[folder.path.name]
        process = read_json(folder.process)
        return process is not None and process_alive(process["pid"], process["started"])

    def _cached_steps(self, folder: RunFolder) -> tuple[Step, ...]:
        try:
            stat = folder.progress.stat()
        except FileNotFoundError:
            return ()
        key = (stat.st_mtime_ns, stat.st_size)
        cached = self._steps.get(folder.path.name)
        if cached is None or cached[0] != key:
            cached = self._steps[folder.path.name] = (key, folder.steps())
        return cached[1]


def process_alive(pid: int, started: float) -> bool:
    """Whether the process of that pid is the one that started then (seconds since the epoch)."""
    try:
        process = psutil.Process(pid)
        # The clock may have been set since: two seconds are allowed.
        since = abs(float(process.create_time()) - started)
        return since < 2 and bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


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


def _rows(
    assistant: Assistant, examples: Sequence[Example], passages_for: PassagesFor | None
) -> Rows:
    rows: Rows = []
    for example in examples:
        prompts: list[Sequence[PromptPassage]] = [()]
        passages = passages_for(example) if passages_for is not None else ()
        if passages:
            prompts.append(passages)
        rows += [
            training_row(assistant.system_prompt, example.question, example.answer, shown)
            for shown in prompts
        ]
    return rows


def _characters(rows: Sequence[dict[str, Any]]) -> int:
    return sum(
        len(message["content"])
        for row in rows
        for part in ("prompt", "completion")
        for message in row[part]
    )


def _about_assistant(assistant: Assistant) -> dict[str, str]:
    return {
        "id": assistant.id,
        "name": assistant.name,
        "task": assistant.task,
        "system_prompt": assistant.system_prompt,
    }


def _portable(base_model: str) -> str:
    """The base model's name without a path of this machine in it."""
    path = Path(base_model).expanduser()
    return path.name if path.is_absolute() or path.is_dir() else base_model


def _parameters(model_folder: Path) -> int:
    """Weights of the model, from the size of its files at two bytes each.

    Raises ModelError where there are none.
    """
    size = sum(path.stat().st_size for path in model_folder.glob("*.safetensors"))
    if not size or not (model_folder / "config.json").is_file():
        raise ModelError(
            f"There is no base model in {model_folder} (config.json and .safetensors files are "
            "wanted): choose another base model, or fetch this one again."
        )
    return size // 2


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def _worker_environment() -> dict[str, str]:
    environment = dict(os.environ)
    environment |= {
        "OMP_WAIT_POLICY": "passive",
        "HF_HUB_OFFLINE": "1",
        "HF_DATASETS_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "PYTHONUNBUFFERED": "1",
        # SFTTrainer refuses several visible GPUs in one process.
        "CUDA_VISIBLE_DEVICES": os.environ.get("CUDA_VISIBLE_DEVICES", "0").split(",")[0],
    }
    root = Path(__file__).resolve().parents[1]
    if str(root) not in [*site.getsitepackages(), site.getusersitepackages()]:
        # The package was found through the path of this process, which the worker does not inherit.
        paths = [str(root), environment.get("PYTHONPATH", "")]
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    return environment


@contextmanager
def _written(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = "the disk is full" if error.errno == errno.ENOSPC else str(error)
        raise StoreError(
            f"{what}: {reason}. Earlier runs are kept; free the folder and try again."
        ) from error
