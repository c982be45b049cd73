"""The uploads themselves, each kept once under the SHA-256 of its bytes."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from retrieval.database import errors_mapped
from retrieval.errors import UnreadableDocument

_COPY_BYTES = 1024 * 1024
_LEFT_OVER_SECONDS = 3600


class StoredFiles:
    """The folder `files` of a corpus."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, sha256: str) -> Path:
        """Where the file of that hash is kept."""
        return self._folder / sha256

    @contextmanager
    def kept(self, source: Path, sha256: str) -> Iterator[Path]:
        """Keep a copy of the source while, and after, the block succeeds.

        A copy made here is taken away again where the block fails: what cannot be read is not
        kept. Raises UnreadableDocument where the source is no longer what was hashed.
        """
        new = not self.path(sha256).exists()
        if new:
            self._copy(source, sha256)
        try:
            yield self.path(sha256)
        except BaseException:
            if new:
                self.forget(sha256)
            raise

    def require(self, sha256: str, source: Path) -> None:
        """Make sure of the copy, which a removal of the same bytes may have taken meanwhile."""
        if not self.path(sha256).exists():
            self._copy(source, sha256)

    def forget(self, sha256: str) -> None:
        """Delete the copy."""
        with errors_mapped(self._folder.parent):
            self.path(sha256).unlink(missing_ok=True)

    def sweep(self, held: Callable[[str], bool]) -> None:
        """Delete what a killed process left: old files that no document holds."""
        if not self._folder.is_dir():
            return
        with errors_mapped(self._folder.parent):
            for path in self._folder.iterdir():
                with contextlib.suppress(FileNotFoundError):  # a copy that was just finished
                    old = time.time() - path.stat().st_mtime > _LEFT_OVER_SECONDS
                    if old and not held(path.name):
                        path.unlink()

    def _copy(self, source: Path, sha256: str) -> None:
        with errors_mapped(self._folder.parent):
            self._folder.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self._folder, prefix=".incoming-")
            temporary = Path(name)
            try:
                with os.fdopen(handle, "wb") as target:
                    found = _copied(source, target)
                    target.flush()
                    os.fsync(target.fileno())
                if found != sha256:
                    raise UnreadableDocument(
                        f"{source.name} changed while it was being read: add it again."
                    )
                temporary.replace(self.path(sha256))
            finally:
                with contextlib.suppress(FileNotFoundError):
                    temporary.unlink()


def _copied(source: Path, target: BinaryIO) -> str:
    digest = hashlib.sha256()
    with source.open("rb") as file:
        while data := file.read(_COPY_BYTES):
            digest.update(data)
            target.write(data)
    return digest.hexdigest()
