"""How soon app.py serves its page, against a bare Gradio hello-world, each in a fresh process.

Served means that GET / answers 200. The best of three runs each; the target is at most 2 times the
bare page.

    python tests/benchmarks/page_start.py
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RUNS = 3
TARGET = 2.0
LONGEST_SECONDS = 120

BARE = """
import sys
import gradio as gr
with gr.Blocks() as page:
    gr.Markdown("Hello, world")
page.launch(server_port=int(sys.argv[1]), quiet=True, ssr_mode=False)
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def seconds_to_page(command: list[str], port: int, home: str) -> float:
    """Start the command, wait for its page, and end it."""
    environment = {**os.environ, "DUET_HOME": home, "GRADIO_ANALYTICS_ENABLED": "False"}
    started = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        while time.perf_counter() - started < LONGEST_SECONDS:
            if process.poll() is not None:
                raise SystemExit(f"{command} ended with {process.returncode}")
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as page:
                    if page.status == 200:
                        return time.perf_counter() - started
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.02)
        raise SystemExit(f"{command} served nothing within {LONGEST_SECONDS} s")
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def main() -> None:
    bare, ours = [], []
    with tempfile.TemporaryDirectory() as folder:
        for run in range(RUNS):
            port = free_port()
            bare.append(seconds_to_page([sys.executable, "-c", BARE, str(port)], port, folder))
            port = free_port()
            # A new home each time, so that every run is a first start.
            home = str(Path(folder) / f"home-{run}")
            command = [sys.executable, "app.py", "--port", str(port)]
            ours.append(seconds_to_page(command, port, home))
    ratio = min(ours) / min(bare)
    sys.stdout.write(
        f"{'page':<22}{'best of three':>14}\n"
        f"{'bare hello-world':<22}{min(bare):>12.2f} s\n"
        f"{'app.py, first start':<22}{min(ours):>12.2f} s\n"
        f"{'ratio':<22}{ratio:>14.2f}  (target: at most {TARGET:.0f})\n"
    )
    raise SystemExit(0 if ratio <= TARGET else 1)


if __name__ == "__main__":
    main()
