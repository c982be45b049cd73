"""Models by id, against a server on this machine that answers as the hub does."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

COMMIT = "0" * 39 + "1"
CONFIG = json.dumps({"architectures": ["LlamaForCausalLM"], "model_type": "llama"}).encode()
WHOLE = {
    "config.json": CONFIG,
    "tokenizer.json": b"{}",
    "chat_template.jinja": b"{{ messages }}",
    "model.safetensors": b"w" * 300_000,
    "pytorch_model.bin": b"never wanted",
    "onnx/model.safetensors": b"never wanted",
}
REPOSITORIES = {
    "org/whole": WHOLE,
    "org/pickled": {"config.json": CONFIG, "pytorch_model.bin": b"pickle"},
}


class Hub(BaseHTTPRequestHandler):
    requested: list[str]

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def log_message(self, format: str, *arguments: object) -> None:
        pass

    def _answer(self, body: bool) -> None:
        path = self.path.partition("?")[0]
        type(self).requested.append(path)
        parts = path.strip("/").split("/")
        name = "/".join(parts[2:4] if parts[0] == "api" else parts[:2])
        if name == "org/gated":
            return self._send(403, b"{}", body, {"X-Error-Code": "GatedRepo"})
        files = REPOSITORIES.get(name)
        if files is None:
            return self._send(404, b"{}", body, {"X-Error-Code": "RepoNotFound"})
        if parts[0] == "api":
            return self._send(200, json.dumps(self._about(parts, name, files)).encode(), body)
        file = files["/".join(parts[4:])]
        etag = hashlib.sha256(file).hexdigest()
        return self._send(200, file, body, {"ETag": f'"{etag}"', "X-Repo-Commit": COMMIT})

    def _about(self, parts: list[str], name: str, files: dict[str, bytes]) -> object:
        if "tree" in parts:
            return [
                {"type": "file", "path": path, "size": len(data), "oid": "0" * 40}
                for path, data in files.items()
            ]
        siblings = [{"rfilename": path} for path in files]
        return {"id": name, "sha": COMMIT, "siblings": siblings}

    def _send(
        self, status: int, data: bytes, body: bool, headers: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        for key, value in (headers or {}).items():
            self.send_header(key, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if body:
            self.wfile.write(data)


@pytest.fixture
def hub() -> Iterator[tuple[str, list[str]]]:
    """The server's address and the paths that were asked of it."""
    handler = type("TestHub", (Hub,), {"requested": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", handler.requested
    server.shutdown()
    server.server_close()


def resolve(name: str, home: Path, endpoint: str) -> dict[str, object]:
    """`resolve_model` in a process of its own, since the client reads its settings on import."""
    code = """
import json, sys
from pathlib import Path
from assistant.errors import ModelError
from assistant.models import resolve_model
shares = []
try:
    folder = resolve_model(sys.argv[1], Path("unused"), lambda stage, share: shares.append(share))
    found = {"files": sorted(p.name for p in folder.iterdir())}
except ModelError as error:
    found = {"error": str(error)}
print(json.dumps({**found, "shares": shares, "torch": "torch" in sys.modules}))
"""
    environment = {**os.environ, "HF_HOME": str(home), "HF_ENDPOINT": endpoint}
    environment.update(HF_HUB_OFFLINE="0", HF_HUB_DISABLE_TELEMETRY="1", HF_HUB_DISABLE_XET="1")
    done = subprocess.run(
        [sys.executable, "-c", code, name],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    result: dict[str, object] = json.loads(done.stdout)
    assert result["torch"] is False
    return result


def test_a_model_is_downloaded_once_and_only_what_is_wanted(
    hub: tuple[str, list[str]], tmp_path: Path
) -> None:
    endpoint, requested = hub
    first = resolve("org/whole", tmp_path, endpoint)
    assert first["files"] == [
        "chat_template.jinja",
        "config.json",
        "model.safetensors",
        "tokenizer.json",
    ]
    shares = first["shares"]
    assert isinstance(shares, list) and shares == sorted(shares) and shares[-1] == 1.0
    requested.clear()
    again = resolve("org/whole", tmp_path, endpoint)
    assert again["files"] == first["files"] and again["shares"] == []
    assert requested == [], "what is here is used without asking the network"


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("org/gated", "is gated: accept its terms"),
        ("org/unknown", "There is no public model org/unknown"),
        ("org/pickled", "no weights as safetensors"),
        ("two words", "neither a folder nor a Hugging Face id"),
    ],
)
def test_what_cannot_be_had_is_one_sentence(
    hub: tuple[str, list[str]], tmp_path: Path, name: str, sentence: str
) -> None:
    assert sentence in str(resolve(name, tmp_path, hub[0]).get("error"))


def test_without_a_network_the_sentence_says_so(tmp_path: Path) -> None:
    found = resolve("org/whole", tmp_path, "http://127.0.0.1:9")
    assert "Hugging Face cannot be reached" in str(found.get("error"))
