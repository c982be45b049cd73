"""Where Duet keeps its things, read from the environment once by whoever composes the program."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from assistant.errors import InvalidRequest


@dataclass(frozen=True, slots=True)
class Settings:
    """home: the folder of everything Duet stores. database_url: any SQLAlchemy URL.

    max_file_bytes: the largest upload, in bytes. vector_index: where vectors are searched, "" for
    this process; see docs/vector-index.md. milvus_token: for a Milvus server that asks for one.
    """

    home: Path
    database_url: str
    max_file_bytes: int = 200 * 1024 * 1024
    vector_index: str = ""
    milvus_token: str = field(default="", repr=False)

    @property
    def models(self) -> Path:
        """Folder of the built-in model, unpacked once."""
        return self.home / "models"

    @property
    def assistants(self) -> Path:
        """Folder that holds one folder for each assistant."""
        return self.home / "assistants"


def settings_from_environment() -> Settings:
    """Read DUET_HOME, DUET_DATABASE_URL, DUET_VECTOR_INDEX and DUET_MILVUS_TOKEN.

    Raises InvalidRequest where DUET_HOME names something that is not a folder, or
    DUET_VECTOR_INDEX nothing that can be searched.
    """
    home = Path(os.environ.get("DUET_HOME") or Path.home() / ".duet").expanduser().absolute()
    if home.exists() and not home.is_dir():
        raise InvalidRequest(f"DUET_HOME names {home}, which is not a folder: name another one.")
    url = os.environ.get("DUET_DATABASE_URL") or f"sqlite:///{home / 'duet.db'}"
    vector_index = os.environ.get("DUET_VECTOR_INDEX", "").strip()
    if vector_index and not vector_index.startswith(("milvus:", "http://", "https://")):
        raise InvalidRequest(
            f"DUET_VECTOR_INDEX is {vector_index}: leave it empty for the built-in index, or give "
            "milvus:, milvus:FOLDER, or the http or https address of a Milvus server."
        )
    return Settings(
        home,
        url,
        vector_index=vector_index,
        milvus_token=os.environ.get("DUET_MILVUS_TOKEN", ""),
    )
