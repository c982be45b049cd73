"""A real Chromium, driven by Playwright, before a real `app.py` on an empty folder."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-dev-shm-usage",
)
_SERVED_WITHIN_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Served:
    """A running app.py."""

    address: str
    home: Path


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """The browser. Skips, with the reason, where there is none; CI must have one."""
    found = next((path for path in map(shutil.which, _NAMES) if path), None)
    if found is None:
        assert not os.environ.get("CI"), "CI runs the browser tests: install Debian's chromium"
        pytest.skip("no Chromium on this machine: install Debian's chromium")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, args=list(_FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """app.py on a fresh folder, ended when the tests are done."""
    home = tmp_path_factory.mktemp("duet-home")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    log = home.parent / "app.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "app.py", "--port", str(port)],
            cwd=ROOT,
            env={**os.environ, "DUET_HOME": str(home)},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait(process, address, log)
        yield Served(address, home)
    finally:
        process.terminate()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    until = time.monotonic() + _SERVED_WITHIN_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            pytest.fail(f"app.py ended with {process.returncode}: {log.read_text()[-2000:]}")
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:  # a timeout while it starts, too
            time.sleep(0.2)
    pytest.fail(f"app.py served nothing: {log.read_text()[-2000:]}")
