"""The fences around a child that parses files, each tried by itself and from within the worker."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from retrieval.loaders.ocr import tesseract

ROOT = Path(__file__).resolve().parents[3]
linux_only = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="network namespaces are Linux's"
)

_TRY = """
import json, os, socket, subprocess, sys
from pathlib import Path
from retrieval.loaders import sandbox
{before}
told = {{}}
for name, attempt in json.loads(sys.argv[1]).items():
    try:
        exec(attempt)
        told[name] = "done"
    except Exception as error:
        told[name] = f"{{type(error).__name__}} {{error}}"
print(json.dumps(told))
"""
_HOOK = """
sandbox.leave_the_network = lambda: False
sandbox.SANDBOX.enter()
sandbox.SANDBOX.admit(Path(sys.argv[2]), Path(sys.argv[3]), 4 << 30, 60, 0)
"""
_NAMESPACE = "assert sandbox.leave_the_network()"


@pytest.fixture
def port() -> Iterator[int]:
    """A port of the loopback that somebody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def tried(before: str, tmp_path: Path, **attempts: str) -> dict[str, str]:
    document = tmp_path / "document.txt"
    document.write_text("words", encoding="ascii")
    (tmp_path / "out").mkdir(exist_ok=True)
    (tmp_path / "secret.txt").write_text("secret", encoding="ascii")
    arguments = [json.dumps(attempts), str(document), str(tmp_path / "out")]
    ended = subprocess.run(
        [sys.executable, "-c", _TRY.format(before=before), *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode == 0, ended.stderr
    told: dict[str, str] = json.loads(ended.stdout)
    return told


def connect(port: int) -> str:
    return f"socket.create_connection(('127.0.0.1', {port}), timeout=5)"


def test_without_fences_the_port_can_be_reached(tmp_path: Path, port: int) -> None:
    assert tried("", tmp_path, connect=connect(port)) == {"connect": "done"}


@linux_only
def test_the_namespace_alone_keeps_the_network_out(tmp_path: Path, port: int) -> None:
    able = subprocess.run(
        [sys.executable, "-c", f"from retrieval.loaders import sandbox; {_NAMESPACE}"], cwd=ROOT
    )
    if able.returncode:
        pytest.skip("this system allows no network namespace to unprivileged processes")
    told = tried(_NAMESPACE, tmp_path, connect=connect(port))
    assert told["connect"].startswith("OSError") and "unreachable" in told["connect"]


def test_the_hook_alone_keeps_the_network_out(tmp_path: Path, port: int) -> None:
    told = tried(
        _HOOK,
        tmp_path,
        connect=connect(port),
        raw=f"socket.socket().connect(('127.0.0.1', {port}))",
        name="socket.getaddrinfo('example.org', 80)",
        send=f"socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', {port}))",
        unix="socket.socket(socket.AF_UNIX).connect('/tmp/none')",
    )
    assert all(answer.startswith("Refused") for answer in told.values()), told


@linux_only
def test_the_tasks_of_other_programs_are_not_counted(tmp_path: Path) -> None:
    """Linux counts all tasks of the user: a desktop has more than any limit of ours would allow,
    and Tesseract, or a library's threads, could not start."""
    same = "import resource; assert resource.getrlimit(resource.RLIMIT_NPROC) == before"
    before = "import resource; before = resource.getrlimit(resource.RLIMIT_NPROC)" + _HOOK
    assert tried(before, tmp_path, same=same) == {"same": "done"}


def test_files_are_not_moved_out_of_the_folder(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "member").write_text("words", encoding="ascii")
    told = tried(
        _HOOK,
        tmp_path,
        rename=f"os.rename({str(out / 'member')!r}, {str(tmp_path / 'moved')!r})",
        link=f"os.link({str(out / 'member')!r}, {str(tmp_path / 'linked')!r})",
        inside=f"os.rename({str(out / 'member')!r}, {str(out / 'other')!r})",
    )
    assert told["inside"] == "done"
    assert told["rename"].startswith("Refused") and told["link"].startswith("Refused")


def test_the_hook_opens_the_document_and_nothing_else(tmp_path: Path) -> None:
    secret, document = tmp_path / "secret.txt", tmp_path / "document.txt"
    (tmp_path / "link.txt").symlink_to(secret)
    told = tried(
        _HOOK,
        tmp_path,
        document=f"assert open({str(document)!r}).read() == 'words'",
        library="import wave",
        secret=f"open({str(secret)!r})",
        beside=f"open({str(document.parent / 'out' / '..' / 'secret.txt')!r})",
        link=f"open({str(tmp_path / 'link.txt')!r})",
        path=f"Path({str(secret)!r}).read_text()",
        low=f"os.open({str(secret)!r}, os.O_RDONLY)",
        passwd="open('/etc/passwd')",
        environ="open('/proc/self/environ')",
        root=f"open('/proc/self/root{secret}')",
        write=f"open({str(document)!r}, 'a')",
        remove=f"os.remove({str(document)!r})",
        out=f"open({str(tmp_path / 'out' / '1')!r}, 'w').close()",
        run="subprocess.run(['true'])",
        system="os.system('true')",
        fork="os.fork()",
    )
    done = {name for name, answer in told.items() if answer == "done"}
    assert done == {"document", "library", "out"}
    refused = {name for name, answer in told.items() if answer.startswith("Refused")}
    assert refused == set(told) - done, told


@pytest.mark.skipif(tesseract() is None, reason="Tesseract is not installed")
def test_the_one_program_is_run_while_it_is_let(tmp_path: Path) -> None:
    program = tesseract()
    told = tried(
        _HOOK,
        tmp_path,
        first=f"subprocess.run([{program!r}, '--version'])",
        within=f"with sandbox.SANDBOX.program({program!r}): "
        f"subprocess.run([{program!r}, '--version'], capture_output=True, check=True)",
        other=f"with sandbox.SANDBOX.program({program!r}): subprocess.run(['/bin/true'])",
        after=f"subprocess.run([{program!r}, '--version'])",
    )
    assert told["within"] == "done"
    assert all(told[name].startswith("Refused") for name in ("first", "other", "after"))


def test_files_no_larger_than_allowed(tmp_path: Path) -> None:
    target = tmp_path / "out" / "large"
    told = tried(_HOOK, tmp_path, large=f"open({str(target)!r}, 'wb').write(bytes(65 << 20))")
    assert told["large"].startswith("OSError") and target.stat().st_size <= 64 << 20
