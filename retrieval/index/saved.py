"""The files of the FAISS index: replaced as a whole, and used only where every checksum is right.

Each part has the beginning of its SHA-256 in its name and is written under a name of its own; the
manifest names the parts, and renaming the manifest is the moment at which the new index takes the
place of the old. A process killed before that moment leaves the old index whole, one killed after
it leaves files that nothing names; the next saving removes them.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock, Timeout

logger = logging.getLogger(__name__)

FORMAT = 2
_MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class Part:
    """One file of the index. count: of vectors in it."""

    file: str
    sha256: str
    count: int


@dataclass(frozen=True, slots=True)
class Identity:
    """What an index is of: another value of any field means that its vectors are of no use."""

    corpus: str
    embedder: str
    dimension: int
    format: int = FORMAT


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is saved. parts: by kind, `flat` or `hnsw`."""

    identity: Identity
    generation: int
    parts: Mapping[str, Part]


Writer = Callable[[Path], int]
"""Writes a part to a path and returns the number of vectors in it."""


def read(folder: Path, identity: Identity) -> dict[str, Part]:
    """The parts of the saved index by kind, all whole; {} where there is none that can be used."""
    for _ in range(2):  # another process may replace it while it is read
        try:
            return _checked(folder, identity)
        except FileNotFoundError:
            continue
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            logger.warning("The saved index is made anew, for it cannot be used (%s).", error)
            break
    return {}


def write(
    folder: Path, identity: Identity, generation: int, writers: Mapping[str, Writer | Part]
) -> dict[str, Part]:
    """Replace the saved index by these parts; one given as a Part stays as it is.

    Raises OSError or what a writer raises; the old index is whole then. {} where another process is
    just saving its own: one of the two is enough.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / ".lock", timeout=0):
            try:
                parts = {
                    kind: source if isinstance(source, Part) else _written(folder, kind, source)
                    for kind, source in writers.items()
                }
                _commit(folder, Manifest(identity, generation, parts))
                _sweep(folder, {part.file for part in parts.values()})
                return parts
            finally:
                for left in folder.glob(".*.part"):
                    left.unlink(missing_ok=True)
    except Timeout:
        return {}


def _checked(folder: Path, identity: Identity) -> dict[str, Part]:
    note = folder / _MANIFEST
    if not note.is_file():
        return {}
    told = json.loads(note.read_text(encoding="utf-8"))
    found = Identity(**told["identity"])
    if found != identity:
        raise ValueError(f"it is of other documents or vectors, {found}")
    parts = {}
    for kind, fields in told["parts"].items():
        part = Part(**fields)
        path = folder / part.file
        if path.parent != folder:
            raise ValueError(f"{part.file} is not a name of ours")
        with path.open("rb") as stream:
            if hashlib.file_digest(stream, "sha256").hexdigest() != part.sha256:
                raise ValueError(f"{part.file} is damaged")
        parts[kind] = part
    return parts


def _written(folder: Path, kind: str, writer: Writer) -> Part:
    temporary = folder / f".{kind}.part"
    count = writer(temporary)
    with temporary.open("rb+") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
        os.fsync(stream.fileno())
    part = Part(f"{kind}-{sha256[:16]}.faiss", sha256, count)
    temporary.replace(folder / part.file)
    return part


def _commit(folder: Path, manifest: Manifest) -> None:
    temporary = folder / ".manifest.part"
    with temporary.open("w", encoding="utf-8") as text:
        json.dump(asdict(manifest), text, indent=2)
        text.flush()
        os.fsync(text.fileno())
    _sync_names(folder)  # the parts have to be there before the manifest that names them
    temporary.replace(folder / _MANIFEST)
    _sync_names(folder)


def _sync_names(folder: Path) -> None:
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _sweep(folder: Path, named: set[str]) -> None:
    for path in folder.iterdir():
        if path.suffix == ".faiss" and path.name not in named:
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                logger.warning("%s could not be removed (%s).", path, error)
