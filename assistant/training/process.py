"""The worker as a process: started detached, known again by pid and starting time, never two."""

from __future__ import annotations

import os
import site
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil  # type: ignore[import-untyped]
from filelock import FileLock

from assistant.training.folder import RunFolder, read_json, write_json

_CLOCK_SECONDS = 2.0  # by which a clock that was set since may differ


def start_worker(folder: RunFolder) -> subprocess.Popen[bytes]:
    """Start `python -m assistant.training` on a run's folder, in a session of its own.

    It outlives the process that starts it. Raises OSError or psutil.Error.
    """
    processes = int((read_json(folder.run) or {}).get("settings", {}).get("processes", 1))
    with folder.log.open("ab") as log:
        worker = subprocess.Popen(
            worker_command(folder, processes),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=folder.path,
            env=worker_environment(processes),
            start_new_session=True,
        )
    write_process(folder, worker.pid)
    return worker


def worker_command(folder: RunFolder, processes: int = 1) -> list[str]:
    """What trains a run's folder: a worker, or torch's launcher of several that meet on this
    machine. When one of them fails, the launcher ends the others."""
    worker = ["-m", "assistant.training", str(folder.path.absolute())]
    if processes == 1:
        return [sys.executable, *worker]
    launcher = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
    return [sys.executable, *launcher, *worker]


def write_process(folder: RunFolder, pid: int) -> None:
    """Note in the folder which process works on it."""
    started = float(psutil.Process(pid).create_time())
    write_json(folder.process, {"pid": pid, "started": started})


def process_alive(pid: int, started: float) -> bool:
    """Whether the process of that pid is the one that started then (seconds since the epoch)."""
    try:
        process = psutil.Process(pid)
        since = abs(float(process.create_time()) - started)
        return since < _CLOCK_SECONDS and bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


@contextmanager
def sole_training(folder: RunFolder) -> Iterator[bool]:
    """Hold what only one worker of a DUET_HOME can hold; the system frees it when the worker dies.

    Yields whether there is anything left to do: a worker that had to wait may find that another one
    has trained its run meanwhile. A folder that names no DUET_HOME is trained at once, and of
    several processes on one run the first holds it for all. Raises OSError.
    """
    home = (read_json(folder.local) or {}).get("home")
    if home is None or not Path(home).is_dir() or os.environ.get("RANK", "0") != "0":
        yield True
        return
    with FileLock(Path(home) / ".training.lock"):
        folder.queued.unlink(missing_ok=True)
        yield not folder.done.exists() and not folder.error.exists()


def worker_environment(processes: int = 1) -> dict[str, str]:
    """The environment of a worker: offline, one GPU unless it is one of several, and threads that
    wait without spinning."""
    environment = program_environment()
    environment |= {
        "OMP_WAIT_POLICY": "passive",
        "HF_HUB_OFFLINE": "1",
        "HF_DATASETS_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "PYTHONUNBUFFERED": "1",
    }
    if processes == 1:
        # SFTTrainer refuses several visible GPUs in one process.
        first = os.environ.get("CUDA_VISIBLE_DEVICES", "0").split(",")[0]
        environment["CUDA_VISIBLE_DEVICES"] = first
    return environment


def program_environment() -> dict[str, str]:
    """The environment of this process, in which another Python finds this package."""
    environment = dict(os.environ)
    root = Path(__file__).resolve().parents[2]
    if str(root) not in [*site.getsitepackages(), site.getusersitepackages()]:
        # The package was found through the path of this process, which the worker does not inherit.
        paths = [str(root), environment.get("PYTHONPATH", "")]
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    return environment
