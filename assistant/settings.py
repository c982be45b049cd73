"""Where Duet keeps its things, read from the environment once by whoever composes the program."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from assistant.errors import InvalidRequest


@dataclass(frozen=True, slots=True)
class Settings:
    """home: the folder of everything Duet stores. database_url: any SQLAlchemy URL.

    max_file_bytes: the largest upload, in bytes.
    """

    home: Path
    database_url: str
    max_file_bytes: int = 200 * 1024 * 1024

    @property
    def models(self) -> Path:
        """Folder of the built-in model, unpacked once."""
        return self.home / "models"

    @property
    def assistants(self) -> Path:
        """Folder that holds one folder for each assistant."""
        return self.home / "assistants"


def settings_from_environment() -> Settings:
    """Read DUET_HOME and DUET_DATABASE_URL.

    Raises InvalidRequest where DUET_HOME names something that is not a folder.
    """
    home = Path(os.environ.get("DUET_HOME") or Path.home() / ".duet").expanduser().absolute()
    if home.exists() and not home.is_dir():
        raise InvalidRequest(f"DUET_HOME names {home}, which is not a folder: name another one.")
    url = os.environ.get("DUET_DATABASE_URL") or f"sqlite:///{home / 'duet.db'}"
    return Settings(home, url)
