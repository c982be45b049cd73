"""A workspace on an empty folder, with the shipped fakes; a PostgreSQL server."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import OperationalError

from assistant.generation import GenerationRequest, ScriptedBackend
from assistant.openai_backend import Endpoint
from assistant.records import Assistant, Example
from assistant.runs import PRESETS
from assistant.settings import Settings
from assistant.store import Store
from assistant.training.folder import ADAPTER_FILES, RunFolder, write_json
from assistant.training.request import run_description, training_rows
from assistant.workspace import Workspace
from retrieval.embedder import HashingEmbedder

MANUAL = """# Kestrel kettle

## Tank

The tank of the Kestrel holds 1.85 litres. Fill it with cold water only.

## Warranty

The Kestrel has a warranty of 31 months. Repairs are made in Brannock by Osk & Daughters.

## Whistle

The whistle of the Kestrel is tuned to 440 hertz. It can be taken off by turning it to the left.
"""

EXAMPLE = Example("e1", "How big is the tank?", "It holds 1.85 litres.", "written", "train")


def obedient(request: GenerationRequest) -> str:
    """Says the sentence of the prompt that answers; without passages, says what it was tuned on."""
    asked = request.messages[-1].content
    if "1.85" in asked:
        return "The tank of the Kestrel holds 1.85 litres."
    return "The tank holds 2 litres." if request.adapter is None else "It holds 1.85 litres."


@pytest.fixture
def backend() -> ScriptedBackend:
    return ScriptedBackend(obedient)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    home = tmp_path / "home"
    return Settings(home, f"sqlite:///{home / 'duet.db'}")


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database of the current schema: to copy it is quicker than to migrate anew."""
    path = tmp_path_factory.mktemp("migrated") / "duet.db"
    Store.open(f"sqlite:///{path}").close()
    return path


@pytest.fixture
def workspace(
    settings: Settings, backend: ScriptedBackend, migrated_file: Path
) -> Iterator[Workspace]:
    settings.home.mkdir()
    shutil.copyfile(migrated_file, settings.home / "duet.db")
    made = Workspace.open(
        settings,
        backend_for=lambda model, progress: backend,
        embedder_for=lambda name: HashingEmbedder(),
    )
    yield made
    made.close()


@pytest.fixture
def served() -> Iterator[Callable[[Callable[[dict[str, Any]], tuple[Any, ...]]], Endpoint]]:
    """An OpenAI-compatible address that replies as a function tells it to.

    The function is called with the body, and with the key that was sent; it returns a status, the
    content or its parts, and if wanted headers.
    """
    running: list[ThreadingHTTPServer] = []

    def serve(reply: Callable[[dict[str, Any]], tuple[Any, ...]]) -> Endpoint:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                assert self.path == "/v1/chat/completions"
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                body["key"] = self.headers.get("Authorization")
                status, content, *headers = reply(body)
                self.send_response(status)
                length = {"Content-Length": len(content)} if isinstance(content, bytes) else {}
                for name, value in {**length, **dict(*headers)}.items():
                    self.send_header(name, str(value))
                self.end_headers()
                with suppress(OSError):  # whoever asked has gone
                    for part in [content] if isinstance(content, bytes) else content:
                        self.wfile.write(part)

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        running.append(server)
        return Endpoint(f"http://127.0.0.1:{server.server_port}/v1/", "judge", "secret", 0.5)

    yield serve
    for server in running:
        server.shutdown()
        server.server_close()


@pytest.fixture
def kettle(workspace: Workspace, tmp_path: Path) -> Assistant:
    """An assistant with one document in it."""
    assistant = workspace.create("Kestrel", "Answers about the Kestrel kettle")
    manual = tmp_path / "manual.md"
    manual.write_text(MANUAL, "utf-8")
    (result,) = workspace.corpus(assistant).add([manual])
    assert result.outcome == "added", result.reason
    return assistant


@pytest.fixture
def add_run(workspace: Workspace) -> Callable[[Assistant], str]:
    """Puts a finished run with an adapter in an assistant's folder, as the worker leaves it."""

    def add(assistant: Assistant) -> str:
        runs = workspace.runs(assistant).folder
        folder = RunFolder(runs / f"run-{len(list(runs.glob('*'))) + 1}")
        folder.adapter.mkdir(parents=True)
        for name in ADAPTER_FILES:
            (folder.adapter / name).write_bytes(folder.path.name.encode())
        rows = {"train": training_rows(assistant, [EXAMPLE], None), "validation": []}
        settings = PRESETS["quick"].settled(1, 100)
        about = run_description(
            folder.path.name, datetime.now(UTC), assistant, [EXAMPLE], rows, settings, "", 100
        )
        write_json(folder.run, about)
        write_json(folder.done, {"stopped": False})
        return folder.path.name

    return add


_CLUSTER = ("--no-sync", "--auth=trust", "--username=duet", "--encoding=UTF8", "--locale=C")


def _programs() -> Path | None:
    """Folder of PostgreSQL's programs, the newest where there are several."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parts[-2]))
    known = [Path(found).parent for name in ("initdb",) if (found := shutil.which(name))]
    return next((path for path in [*known, *reversed(debian)] if (path / "initdb").exists()), None)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """URL of a database on a PostgreSQL server: a new one on loopback.

    DUET_TEST_POSTGRES_URL names another one, in which only schemas of our own are made. The new
    one runs as an unprivileged user, since initdb refuses root, keeps nothing, and is ended here.
    """
    if find_spec("psycopg") is None:
        pytest.skip("psycopg is not installed")
    if named := os.environ.get("DUET_TEST_POSTGRES_URL"):
        yield named
        return
    programs = _programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed: install Debian's postgresql")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    folder = Path(tempfile.mkdtemp(prefix="duet-postgresql-"))
    account = {}
    if os.geteuid() == 0:
        user = pwd.getpwnam("postgres")
        os.chown(folder, user.pw_uid, user.pw_gid)
        account = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    data = folder / "data"
    subprocess.run(
        [programs / "initdb", "-D", data, *_CLUSTER],
        **account,
        cwd=folder,
        check=True,
        capture_output=True,
    )
    quick = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off")
    where = ("listen_addresses=127.0.0.1", "unix_socket_directories=", f"port={port}")
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [programs / "postgres", "-D", data, *(f"--{setting}" for setting in (*quick, *where))],
            **account,
            cwd=folder,
            stdout=log,
            stderr=log,
        )
    try:
        url = f"postgresql+psycopg://duet@127.0.0.1:{port}/postgres"
        _wait_until_it_answers(url, server, folder / "log")
        yield url
    finally:
        server.send_signal(signal.SIGQUIT)  # at once, for nothing is to be kept
        server.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


def _wait_until_it_answers(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    engine = create_engine(url)
    for _ in range(600):
        try:
            engine.connect().close()
            break
        except OperationalError:
            assert server.poll() is None, log.read_text("utf-8", "replace")
            time.sleep(0.05)
    engine.dispose()


@pytest.fixture
def empty_postgresql(postgresql: str) -> Iterator[str]:
    """URL of an empty schema on the PostgreSQL server."""
    schema = f"duet_{uuid.uuid4().hex}"
    engine = create_engine(postgresql)
    with engine.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA {schema}"))
    url = make_url(postgresql).update_query_dict({"options": f"-csearch_path={schema}"})
    yield url.render_as_string(hide_password=False)
    with engine.begin() as connection:
        connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
    engine.dispose()
