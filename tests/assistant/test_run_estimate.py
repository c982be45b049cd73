"""The pre-flight alone, with a process that writes what it is told in place of a worker."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from assistant.errors import StoreError, TrainingError
from assistant.records import Example
from assistant.run_estimate import measured
from assistant.training.estimate import MemoryEstimate, Preflight
from assistant.training.folder import RunFolder
from assistant.training.request import RunRequest, run_request
from assistant.training.settings import TrainingSettings
from tests.assistant.test_runs import ASSISTANT

FOUND = Preflight(
    "cpu", "a CPU", 9, 1, 0, 90, 20, 2, 8, 8, 1, False, False, MemoryEstimate(1, 2, 3, 4, 5),
    free_bytes=2**34, total_bytes=2**35, disk_bytes=1, free_disk_bytes=2, minutes=3.0,
    measured_bytes=2**30,
)  # fmt: skip
Launch = Callable[[RunFolder], "subprocess.Popen[bytes]"]


@pytest.fixture
def request_(tmp_path: Path) -> RunRequest:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(b"0" * 100)
    example = Example("e1", "How big?", "Two litres.", "written", "train")
    now = datetime.now(UTC)
    return run_request("r", now, ASSISTANT, tmp_path, [example], TrainingSettings())


def worker(code: str, **values: Any) -> Launch:
    """A process that runs this code in the folder it is given."""

    def launch(folder: RunFolder) -> subprocess.Popen[bytes]:
        assert folder.estimate_only.is_file() and folder.train.is_file()
        command = [sys.executable, "-c", f"import json, sys, time\n{code}", json.dumps(values)]
        return subprocess.Popen(command, cwd=folder.path)

    return launch


def test_what_was_measured_comes_back_and_nothing_is_left(
    tmp_path: Path, request_: RunRequest
) -> None:
    runs = tmp_path / "runs"
    launch = worker("open('preflight.json', 'w').write(sys.argv[1])", **FOUND.as_json())
    assert measured(runs, request_, tmp_path, launch=launch) == FOUND
    assert list(runs.iterdir()) == []


def test_its_sentence_comes_back(tmp_path: Path, request_: RunRequest) -> None:
    launch = worker("open('error.json', 'w').write(sys.argv[1])", error="It does not fit.")
    with pytest.raises(TrainingError, match=r"It does not fit\."):
        measured(tmp_path / "runs", request_, tmp_path, launch=launch)


def test_killed_stopped_or_without_a_folder(tmp_path: Path, request_: RunRequest) -> None:
    with pytest.raises(TrainingError, match="most likely for lack of memory"):
        measured(tmp_path / "runs", request_, tmp_path, launch=worker("sys.exit(9)"))
    stop = threading.Event()
    stop.set()
    with pytest.raises(TrainingError, match="stopped: nothing was changed"):
        measured(tmp_path / "runs", request_, tmp_path, launch=worker("time.sleep(60)"), stop=stop)
    assert list((tmp_path / "runs").iterdir()) == []
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be written"):
        measured(tmp_path / "file", request_, tmp_path, launch=worker(""))
