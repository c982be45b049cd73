"""Parses files in child processes, so that a hostile or damaged one cannot take the program down.

Each file has its limits of time, memory and output; one that breaks them is named, and the next
one gets a new child. Several threads may read at once.
"""

from __future__ import annotations

import logging
import stat
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from retrieval import errors
from retrieval.children import AnswerTooLong, Child, ChildLate, ChildPool, ChildStopped
from retrieval.errors import DocumentError, OversizedDocument, UnreadableDocument
from retrieval.loaders.formats import check_suffix
from retrieval.loaders.parsed import Block, Parsed

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """file_bytes: of one file. text_characters: of the text in it. seconds: to parse one file.

    memory_bytes: address space of a child process, libraries included. answer_bytes: of what a
    child gives back. unpacked_bytes: of all members of one archive. members: of one archive.
    ocr_seconds: of text recognition for one page.
    """

    file_bytes: int = 200 * 1024 * 1024
    text_characters: int = 10_000_000
    seconds: float = 120.0
    memory_bytes: int = 2 * 1024 * 1024 * 1024
    answer_bytes: int = 256 * 1024 * 1024
    unpacked_bytes: int = 1024 * 1024 * 1024
    members: int = 10_000
    ocr_seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class Member:
    """A file out of an archive: its name there, and where it lies now or why it was refused."""

    name: str
    path: Path | None
    reason: str = ""
    needs_password: bool = False


class Reader:
    """Reads files for one addition; use as a context manager.

    pool: children that outlive the addition. Without one the reader has its own and ends it.
    """

    def __init__(self, limits: Limits, pool: ChildPool | None = None) -> None:
        self._limits = limits
        self._own = None if pool else ChildPool(limits.memory_bytes)
        self._pool = pool or self._own
        self._lock = threading.Lock()
        self._busy: set[Child] = set()
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

    @property
    def width(self) -> int:
        """How many files can be read at once."""
        assert self._pool is not None
        return self._pool.most

    def start(self, children: int) -> None:
        """Start so many children ahead of the first file."""
        assert self._pool is not None
        self._pool.start(children)

    def check(self, path: Path, name: str) -> None:
        """Raise UnsupportedFormat, OversizedDocument or EmptyDocument before anything is read.

        Also UnreadableDocument for what is no file, such as a named pipe, and OSError.
        """
        check_suffix(name)
        told = path.stat()
        if not stat.S_ISREG(told.st_mode):
            raise UnreadableDocument(f"{name} is not a file: add one that holds the document.")
        size = told.st_size
        if size == 0:
            raise errors.EmptyDocument(f"{name} is an empty file: add one with words in it.")
        if size > self._limits.file_bytes:
            raise OversizedDocument(
                f"{name} has {size / 2**20:.0f} MiB, more than the limit of "
                f"{self._limits.file_bytes / 2**20:.0f} MiB: split it into smaller files."
            )

    def read(self, path: Path, name: str, passwords: Sequence[str] = ()) -> Parsed:
        """The parsed document. Raises a DocumentError with a sentence that names the file.

        passwords: to try where the file asks for one.
        """
        check_suffix(name)
        answer = self._asked({"do": "read", **self._request(path, name, passwords)}, name)
        blocks = tuple(
            Block(start, end, kind, tuple(path), page)
            for start, end, kind, path, page in answer["blocks"]
        )
        return Parsed(answer["text"], blocks, answer["pages"], tuple(answer["warnings"]))

    def unpack(
        self, path: Path, name: str, folder: Path, passwords: Sequence[str] = ()
    ) -> list[Member]:
        """The members of a zip archive, written into `folder` under names of our own.

        Raises a DocumentError where the archive itself is refused.
        """
        request = self._request(path, name, passwords)
        answer = self._asked({"do": "unpack", "folder": str(folder.absolute()), **request}, name)
        return [
            Member(
                member["name"],
                folder / member["file"] if member["file"] else None,
                member["reason"],
                member["needs_password"],
            )
            for member in answer["members"]
        ]

    def close(self) -> None:
        """End what is being read: a `read` under way in another thread fails at once."""
        with self._lock:
            self._closed = True
            busy = list(self._busy)
        for child in busy:
            child.end()
        if self._own is not None:
            self._own.close()

    def _request(self, path: Path, name: str, passwords: Sequence[str]) -> dict[str, Any]:
        return {
            "path": str(path.absolute()),
            "name": name,
            "passwords": list(passwords),
            "seconds": self._limits.seconds,
            "memory_bytes": self._limits.memory_bytes,
            "file_bytes": self._limits.file_bytes,
            "text_characters": self._limits.text_characters,
            "unpacked_bytes": self._limits.unpacked_bytes,
            "members": self._limits.members,
            "ocr_seconds": self._limits.ocr_seconds,
        }

    def _asked(self, request: dict[str, Any], name: str) -> dict[str, Any]:
        child = self._taken()
        try:
            answer = child.ask(request, self._limits.seconds, self._limits.answer_bytes)
            if answer.get("error") == "memory":
                child.end()
        except ChildLate:
            raise UnreadableDocument(
                f"{name} took longer than {self._limits.seconds:.0f} s to read and was given up: "
                "split it, or save it again in another format."
            ) from None
        except AnswerTooLong:
            raise OversizedDocument(
                f"{name} comes to more than {self._limits.answer_bytes / 2**20:.0f} MiB when read: "
                "split it into smaller files."
            ) from None
        except ChildStopped:
            self._check_open()
            raise UnreadableDocument(
                f"{name} made its reader stop, so it may be damaged or harmful: it was left out."
            ) from None
        finally:
            self._returned(child)
        if "error" in answer:
            raise self._failure(answer, name)
        return answer

    def _taken(self) -> Child:
        self._check_open()
        assert self._pool is not None
        child = self._pool.take()
        with self._lock:
            self._busy.add(child)
            closed = self._closed
        if closed:
            self._returned(child)
            self._check_open()
        return child

    def _returned(self, child: Child) -> None:
        with self._lock:
            self._busy.discard(child)
        assert self._pool is not None
        self._pool.give_back(child)

    def _check_open(self) -> None:
        if self._closed:
            raise errors.Cancelled("Reading was stopped; what was finished before is kept.")

    def _failure(self, answer: dict[str, Any], name: str) -> DocumentError:
        kind = getattr(errors, answer["error"], None)
        if isinstance(kind, type) and issubclass(kind, DocumentError):
            return kind(answer["message"])
        logger.warning("A reader failed on %s: %s", name, answer.get("message", answer["error"]))
        if answer["error"] == "memory":
            return OversizedDocument(
                f"{name} needs more than {self._limits.memory_bytes / 2**30:.0f} GiB of memory to "
                "read: split it into smaller files."
            )
        return UnreadableDocument(
            f"{name} is damaged or in a form that its reader does not know: open it in its own "
            "program and save it again."
        )
