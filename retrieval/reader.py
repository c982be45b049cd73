"""Parses files in a child process, so that a hostile or damaged one cannot take the program down.

The child is started at the first file and kept for the batch. It has a limit of time for each file
and of memory in all; a file that breaks either is named, and the next one gets a new child.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from retrieval import errors
from retrieval.errors import CorpusError, DocumentError, OversizedDocument, UnreadableDocument
from retrieval.loaders.formats import check_suffix
from retrieval.loaders.parsed import Block, Parsed

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """file_bytes: of one file. text_characters: of the text in it. seconds: to parse one file.

    memory_bytes: address space of the child process, libraries included.
    """

    file_bytes: int = 200 * 1024 * 1024
    text_characters: int = 10_000_000
    seconds: float = 120.0
    memory_bytes: int = 2 * 1024 * 1024 * 1024


class Reader:
    """Reads one file after another; use as a context manager."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._child: subprocess.Popen[str] | None = None
        self._closed = False

    def __enter__(self) -> Reader:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def check(self, path: Path, name: str) -> None:
        """Raise UnsupportedFormat, OversizedDocument or EmptyDocument before anything is read."""
        check_suffix(name)
        size = path.stat().st_size
        if size == 0:
            raise errors.EmptyDocument(f"{name} is an empty file: add one with words in it.")
        if size > self._limits.file_bytes:
            raise OversizedDocument(
                f"{name} has {size / 2**20:.0f} MiB, more than the limit of "
                f"{self._limits.file_bytes / 2**20:.0f} MiB: split it into smaller files."
            )

    def read(self, path: Path, name: str) -> Parsed:
        """The parsed document. Raises a DocumentError with a sentence that names the file."""
        check_suffix(name)
        request = {
            "path": str(path.absolute()),
            "name": name,
            "text_characters": self._limits.text_characters,
            "memory_bytes": self._limits.memory_bytes,
        }
        answer = self._asked(request, name)
        if "error" in answer:
            raise self._failure(answer, name)
        blocks = tuple(
            Block(start, end, kind, tuple(path), page)
            for start, end, kind, path, page in answer["blocks"]
        )
        return Parsed(answer["text"], blocks, answer["pages"], tuple(answer["warnings"]))

    def close(self) -> None:
        """End the child. A `read` under way in another thread fails at once."""
        self._closed = True
        self._end_child()

    def _asked(self, request: dict[str, Any], name: str) -> dict[str, Any]:
        child = self._running_child()
        late = threading.Event()

        def stop() -> None:
            late.set()
            child.kill()

        timer = threading.Timer(self._limits.seconds, stop)
        timer.daemon = True
        timer.start()
        try:
            assert child.stdin is not None and child.stdout is not None
            child.stdin.write(json.dumps(request) + "\n")
            child.stdin.flush()
            line = child.stdout.readline()
        except (OSError, ValueError):  # the pipe broke, or was closed by `close`
            line = ""
        finally:
            timer.cancel()
        if line:
            answer: dict[str, Any] = json.loads(line)
            return answer
        self._end_child()
        if late.is_set():
            raise UnreadableDocument(
                f"{name} took longer than {self._limits.seconds:.0f} s to read and was given up: "
                "split it, or save it again in another format."
            )
        raise UnreadableDocument(
            f"{name} made its reader stop, so it may be damaged or harmful: it was left out."
        )

    def _failure(self, answer: dict[str, Any], name: str) -> DocumentError:
        kind = getattr(errors, answer["error"], None)
        if isinstance(kind, type) and issubclass(kind, DocumentError):
            return kind(answer["message"])
        logger.warning("A reader failed on %s: %s", name, answer.get("message", answer["error"]))
        if answer["error"] == "memory":
            self._end_child()
            return OversizedDocument(
                f"{name} needs more than {self._limits.memory_bytes / 2**30:.0f} GiB of memory to "
                "read: split it into smaller files."
            )
        return UnreadableDocument(
            f"{name} is damaged or in a form that its reader does not know: open it in its own "
            "program and save it again."
        )

    def _running_child(self) -> subprocess.Popen[str]:
        if self._closed:
            raise errors.Cancelled("Reading was stopped; what was finished before is kept.")
        if self._child is None:
            root = str(Path(__file__).resolve().parent.parent)
            inherited = os.environ.get("PYTHONPATH")
            path = os.pathsep.join((root, inherited)) if inherited else root
            try:
                # -P: a file named json.py in the current folder must not be run.
                self._child = subprocess.Popen(
                    [sys.executable, "-P", "-m", "retrieval.loaders.worker"],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    text=True,
                    encoding="ascii",
                    env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
                )
            except OSError as error:
                raise CorpusError(
                    f"The process that reads files could not be started ({error.strerror}): close "
                    "other programs and try again."
                ) from error
        return self._child

    def _end_child(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:
                    logger.debug("The pipe to an ended reader was broken already.")
