"""ZIP archives: each member becomes a document of its own, named `archive.zip/folder/name.md`.

Members are written under numbers, never under the names that the archive gives them.
"""

from __future__ import annotations

import errno
import lzma
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from retrieval.document_names import document_name
from retrieval.errors import (
    DocumentError,
    EmptyDocument,
    OversizedDocument,
    PasswordNeeded,
    UnreadableDocument,
)

_PIECE = 1024 * 1024
_IGNORED = frozenset(("__MACOSX", "Thumbs.db", "desktop.ini"))
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
# What the decompressors raise on damaged data; OSError is that of bzip2.
_DAMAGED = (
    NotImplementedError,
    zipfile.BadZipFile,
    RuntimeError,
    EOFError,
    ValueError,
    OSError,
    zlib.error,
    lzma.LZMAError,
)


@dataclass(frozen=True, slots=True)
class Bounds:
    """file_bytes: of one member. unpacked_bytes: of all together. members: how many."""

    file_bytes: int
    unpacked_bytes: int
    members: int


@dataclass(frozen=True, slots=True)
class Unpacked:
    """A member: its full name, the name of the file it was written to, or why it was refused."""

    name: str
    file: str
    reason: str = ""
    needs_password: bool = False


def unpack(
    path: Path, name: str, folder: Path, bounds: Bounds, passwords: tuple[str, ...]
) -> list[Unpacked]:
    """Write the members of the archive into the folder.

    Raises UnreadableDocument, EmptyDocument, and OversizedDocument where the whole is too large by
    what the archive declares. What a member declares is not believed: it is also counted while it
    is read.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [entry for entry in archive.infolist() if _is_wanted(entry)]
            _check_size(entries, name, bounds)
            return _members(archive, entries, name, folder, bounds, passwords)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, ValueError, OSError) as error:
        if isinstance(error, OSError) and error.errno in _DISK_FULL:
            raise OversizedDocument(
                f"{name} could not be unpacked, for the disk is full: free some space and add it "
                "again."
            ) from error
        raise UnreadableDocument(
            f"{name} is damaged or not a zip archive inside: pack it again, or add its files "
            "themselves."
        ) from error


def _is_wanted(entry: zipfile.ZipInfo) -> bool:
    """Not a folder, nor what systems put beside the files: hidden ones are not walked either."""
    parts = PurePosixPath(entry.filename.replace("\\", "/")).parts
    hidden = any(part.startswith(".") and part != ".." for part in parts)
    return not entry.is_dir() and not hidden and not _IGNORED.intersection(parts)


def _check_size(entries: list[zipfile.ZipInfo], name: str, bounds: Bounds) -> None:
    if not entries:
        raise EmptyDocument(f"{name} holds no files: add an archive with documents in it.")
    if len(entries) > bounds.members:
        raise OversizedDocument(
            f"{name} holds {len(entries):,} files, more than the limit of {bounds.members:,}: "
            "split it into smaller archives."
        )
    if sum(entry.file_size for entry in entries) > bounds.unpacked_bytes:
        raise _bomb(name, bounds)


def _bomb(name: str, bounds: Bounds) -> OversizedDocument:
    return OversizedDocument(
        f"{name} unpacks to more than {bounds.unpacked_bytes / 2**20:.0f} MiB, as a harmful file "
        "does: it was not opened; split it if it is not."
    )


def _members(
    archive: zipfile.ZipFile,
    entries: list[zipfile.ZipInfo],
    name: str,
    folder: Path,
    bounds: Bounds,
    passwords: tuple[str, ...],
) -> list[Unpacked]:
    members: list[Unpacked] = []
    known: set[str] = set()
    left = bounds.unpacked_bytes
    for number, entry in enumerate(entries):
        member = entry.filename.replace("\\", "/")
        shown = f"{name}/{document_name(member)}"
        target = folder / str(number)
        try:
            _check_name(entry, shown, known)
            left -= _write(archive, entry, shown, target, min(bounds.file_bytes, left), passwords)
        except DocumentError as error:
            if isinstance(error, OversizedDocument) and left < bounds.file_bytes:
                raise _bomb(name, bounds) from error
            target.unlink(missing_ok=True)
            asks = isinstance(error, PasswordNeeded)
            members.append(Unpacked(shown, "", str(error), asks))
        else:
            members.append(Unpacked(shown, target.name))
    return members


def _check_name(entry: zipfile.ZipInfo, shown: str, known: set[str]) -> None:
    name = entry.filename.replace("\\", "/")
    if name.startswith("/") or ".." in name.split("/") or name[1:2] == ":":
        raise UnreadableDocument(
            f"{shown} has a name that leads out of its archive, as a harmful file does: it was "
            "left out."
        )
    if shown in known:
        raise UnreadableDocument(f"{shown} is there twice: the first one was taken.")
    known.add(shown)
    if name.lower().endswith(".zip"):
        raise UnreadableDocument(
            f"{shown} is an archive within an archive: unpack it and add its files."
        )


def _write(
    archive: zipfile.ZipFile,
    entry: zipfile.ZipInfo,
    shown: str,
    target: Path,
    most: int,
    passwords: tuple[str, ...],
) -> int:
    """Write one member; returns its size in bytes."""
    if entry.file_size > most:
        raise _too_large(shown, most)
    locked = bool(entry.flag_bits & 1)
    if locked and not passwords:
        raise PasswordNeeded(f"{shown} asks for a password: give the one of its archive.")
    for password in passwords if locked else (None,):
        try:
            pwd = password.encode("utf-8") if password is not None else None
            with archive.open(entry, pwd=pwd) as source, target.open("wb") as out:
                return _copied(source, out, shown, most)
        except _DAMAGED as e:
            if isinstance(e, OSError) and e.errno in _DISK_FULL:
                raise
            if locked and not isinstance(e, NotImplementedError):
                continue  # a wrong password shows as one of these
            raise UnreadableDocument(
                f"{shown} is damaged, or packed or locked in a way that is not read here: unpack "
                "the archive and add its files."
            ) from e
    raise PasswordNeeded(f"{shown} does not open with the password given: try another.")


def _copied(source: IO[bytes], out: IO[bytes], shown: str, most: int) -> int:
    size = 0
    while piece := source.read(_PIECE):
        size += len(piece)
        if size > most:
            raise _too_large(shown, most)
        out.write(piece)
    return size


def _too_large(shown: str, most: int) -> OversizedDocument:
    return OversizedDocument(
        f"{shown} unpacks to more than the limit of {most / 2**20:.0f} MiB: split it into smaller "
        "files."
    )
