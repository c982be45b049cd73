"""Replies of a model that writes examples, kept as they come, so that nothing is asked twice.

A line of JSON for each, in the assistant's folder, on the disk before the next is awaited. A line
is found again by the section it is about, the model, the prompts' version and all of the prompt; a
line cut short by a kill is passed over.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from filelock import FileLock, Timeout

from assistant.errors import Conflict, StoreError
from assistant.records import content_hash
from assistant.training.folder import write_rows
from assistant.writing.asking import Prompt, Reply
from assistant.writing.model_prompts import PROMPT_VERSION

_NAME = "writing.jsonl"


class Journal:
    """The replies of one model about an assistant's documents."""

    def __init__(self, path: Path, model: str, known: dict[str, Reply], file: IO[str]) -> None:
        self._path = path
        self._model = model
        self._known = known
        self._file = file

    def reply(self, section: str, prompt: Prompt) -> Reply | None:
        """What was replied to the same before; None where nothing was."""
        return self._known.get(self._key(section, prompt))

    def add(self, section: str, prompt: Prompt, reply: Reply) -> None:
        """Keep a reply; one that is missing is not kept, so that it is asked for again.

        Raises StoreError where the disk is full.
        """
        if reply.fault:
            return
        key = self._key(section, prompt)
        line = {"key": key, "section": section, "text": reply.text, "truncated": reply.truncated}
        try:
            self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise _unwritable(self._path, error) from error
        self._known[key] = reply

    def _key(self, section: str, prompt: Prompt) -> str:
        asked = [asdict(message) for message in prompt.messages]
        values = [section, self._model, PROMPT_VERSION, asked, asdict(prompt.decoding)]
        return content_hash(values)[:32]


@contextmanager
def opened_journal(folder: Path, model: str, sections: Collection[str]) -> Iterator[Journal]:
    """The journal of an assistant's folder, for one writer at a time of all processes.

    sections: those that the documents have; lines about others are dropped, so that nothing is kept
    of a document that was deleted.

    Raises Conflict while another is writing, StoreError where the folder cannot be written.
    """
    path = folder / _NAME
    lock = FileLock(folder / ".writing.lock", timeout=0)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
        known = _tidied(path, sections)
        file = path.open("a", encoding="utf-8")
    except Timeout:
        raise Conflict(
            "Examples of this assistant are being written already: wait for the end, or stop it."
        ) from None
    except OSError as error:
        lock.release()
        raise _unwritable(path, error) from error
    try:
        yield Journal(path, model, known, file)
    finally:
        lock.release()
        with suppress(OSError):  # of a last line that did not fit: it was told when it was added
            file.close()


def _tidied(path: Path, sections: Collection[str]) -> dict[str, Reply]:
    """The replies by key, when lines that are cut short or about other sections are gone."""
    lines = _read(path)
    kept = [line for line in lines if line["section"] in sections]
    if len(kept) < len(lines) or not _whole(path):
        write_rows(path, kept)
    return {line["key"]: Reply(line["text"], line["truncated"]) for line in kept}


def _read(path: Path) -> list[dict[str, Any]]:
    """The lines that are whole; [] where there is no file."""
    try:
        content = path.read_text("utf-8", errors="replace")
    except FileNotFoundError:
        return []
    lines = []
    for text in content.split("\n"):
        try:
            line = json.loads(text)
            lines.append(
                {
                    "key": str(line["key"]),
                    "section": str(line["section"]),
                    "text": str(line["text"]),
                    "truncated": bool(line["truncated"]),
                }
            )
        except (ValueError, KeyError, TypeError):
            continue
    return lines


def _whole(path: Path) -> bool:
    """Whether its last line is, so that another can be added behind it."""
    try:
        return path.stat().st_size == 0 or path.read_bytes().endswith(b"\n")
    except FileNotFoundError:
        return True


def _unwritable(path: Path, error: OSError) -> StoreError:
    return StoreError(
        f"{path.name} cannot be written ({error.strerror or error}): what was written before is "
        "kept; free some disk space and start again."
    )
