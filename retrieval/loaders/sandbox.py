"""What a child process that parses files may not do: reach the network, read other files, run away.

Three fences. The kernel's: a network namespace without any network, where an unprivileged process
may have one (Linux), and limits of memory, file size, CPU time and, within a namespace, processes.
Python's: an audit hook, on every system, that refuses connections, programs and the opening of any
file but the document and the parts of Python itself. And the parent's, which ends what takes too
long.

The hook binds Python code (markitdown and its readers); native code such as PDFium opens nothing by
itself. https://docs.python.org/3/library/audit_events.html
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import re
import sys
from pathlib import Path
from typing import Any

_NEW_USER = 0x10000000
_NEW_NETWORK = 0x40000000
_PROCESSES = 256
_WRITTEN_BYTES = 64 * 1024 * 1024  # bytecode of the libraries; archives raise it
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC
_SYSTEM_FILES = (
    "/usr/ /lib/ /lib64/ /System/ /Library/ /etc/mime.types /etc/localtime /etc/apache2/mime.types "
    "/proc/cpuinfo /proc/meminfo /sys/devices/system/ /sys/fs/cgroup/ /dev/null /dev/urandom"
).split()
_REFUSED = frozenset(
    (
        "os.system os.exec os.fork os.forkpty os.spawn os.posix_spawn os.startfile pty.spawn "
        "socket.connect socket.bind socket.sendto socket.sendmsg socket.getaddrinfo "
        "socket.gethostbyname socket.gethostbyaddr urllib.Request webbrowser.open "
        "ftplib.connect http.client.connect smtplib.connect"
    ).split()
)
_CHANGES = frozenset(
    (
        "os.remove os.rename os.rmdir os.mkdir os.link os.symlink os.truncate os.chmod os.chown "
        "shutil.rmtree shutil.move shutil.copyfile"
    ).split()
)
_TWO_PLACES = frozenset(("os.rename", "os.link", "os.symlink", "shutil.move", "shutil.copyfile"))


class Refused(PermissionError):
    """The fence held: something that a document asked for was not done."""


class Sandbox:
    """The fences of this process. Made once; they cannot be taken down again."""

    def __init__(self) -> None:
        self._document = ""
        self._folder = ""
        self._program = ""
        self._python = tuple(
            {
                str(Path(place).resolve()) + os.sep
                for place in (sys.prefix, sys.base_prefix, *sys.path)
                if place and Path(place).is_dir()
            }
            | {place.rstrip(os.sep) + os.sep for place in (sys.prefix, sys.base_prefix, *sys.path)}
            - {os.sep}
        )

    def enter(self) -> None:
        """Put up the fences that hold for the life of the process."""
        apart = leave_the_network()
        _limit("RLIMIT_CORE", 0)
        if apart and _tasks_are_counted_by_namespace():
            _limit("RLIMIT_NPROC", _PROCESSES)
        sys.addaudithook(self._hook)

    def admit(
        self, document: Path, folder: Path | None, memory_bytes: int, seconds: float, written: int
    ) -> None:
        """Let the process read this document and write into this folder, within these limits.

        written: bytes of one file. seconds: of CPU time from now on, should the parent be gone.
        """
        self._document = os.path.realpath(document)
        self._folder = os.path.realpath(folder) + os.sep if folder else ""
        _limit("RLIMIT_AS", memory_bytes)
        _limit("RLIMIT_FSIZE", max(written, _WRITTEN_BYTES))
        with contextlib.suppress(ImportError):
            import resource

            used = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
            _limit("RLIMIT_CPU", int(used + seconds) + 60)

    @contextlib.contextmanager
    def program(self, path: str) -> Any:
        """Let the process run this one program while the block lasts."""
        self._program = path
        try:
            yield
        finally:
            self._program = ""

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            self._check_open(*arguments[:3])
        elif event == "subprocess.Popen":
            if not self._program or arguments[0] != self._program:
                raise Refused("a document may not run programs")
        elif event in _CHANGES:
            places = arguments[:2] if event in _TWO_PLACES else arguments[:1]
            if not all(map(self._may_write, places)):
                raise Refused("a document may not change files")
        elif event in _REFUSED:
            raise Refused(f"a document may not do this: {event}")

    def _check_open(self, path: Any, mode: Any, flags: Any) -> None:
        if isinstance(path, int) or path is None:
            return
        if isinstance(flags, int) and flags & _WRITING:
            if not self._may_write(path):
                raise Refused("a document may not write files")
            return
        real = os.path.realpath(os.fsdecode(path))
        if real != self._document and not real.startswith((*self._python, *_SYSTEM_FILES)):
            raise Refused("a document may not read other files")

    def _may_write(self, path: Any) -> bool:
        """Into the folder of an archive, and bytecode of the libraries that are imported."""
        if isinstance(path, int):
            return True
        real = os.path.realpath(os.fsdecode(path))
        if real == os.devnull or (self._folder and real.startswith(self._folder)):
            return True
        return f"{os.sep}__pycache__" in real and real.startswith(self._python)


def leave_the_network() -> bool:
    """Move this process into a network namespace of its own. False where that is not allowed.

    The process must have one thread only: see unshare(2).
    """
    if not sys.platform.startswith("linux"):
        return False
    library = ctypes.CDLL(None, use_errno=True)
    user, group = os.getuid(), os.getgid()
    if library.unshare(_NEW_USER | _NEW_NETWORK) == 0:
        # Without a map the process would be nobody: still the owner of its files, but not by name.
        with contextlib.suppress(OSError):
            Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
            Path("/proc/self/uid_map").write_text(f"{user} {user} 1", encoding="ascii")
            Path("/proc/self/gid_map").write_text(f"{group} {group} 1", encoding="ascii")
        return True
    return bool(library.unshare(_NEW_NETWORK) == 0)


def _tasks_are_counted_by_namespace() -> bool:
    """Since Linux 5.14. Before, or without a namespace, RLIMIT_NPROC counts all that the user runs,
    so that a limit of ours would keep Tesseract and the threads of libraries from starting."""
    release = re.match(r"(\d+)\.(\d+)", platform.release())
    return release is not None and (int(release[1]), int(release[2])) >= (5, 14)


def _limit(name: str, size: int) -> None:
    """Set a soft limit as far as the hard one allows."""
    try:
        import resource
    except ImportError:  # Windows has no such limits; the time limit still holds
        return
    kind = getattr(resource, name, None)
    if kind is None:
        return
    hard = resource.getrlimit(kind)[1]
    soft = size if hard == resource.RLIM_INFINITY else min(size, hard)
    with contextlib.suppress(ValueError, OSError):  # macOS knows some of them only by name
        resource.setrlimit(kind, (soft, hard))


SANDBOX = Sandbox()
"""That of this process; up only once `enter` was called."""
