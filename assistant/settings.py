"""Where Duet keeps its things, read from the environment once by whoever composes the program."""

from __future__ import annotations

import os
import re
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


@dataclass(frozen=True, slots=True)
class Variable:
    """An environment variable that Duet reads. unset: what holds where it is not set."""

    name: str
    about: str
    unset: str
    secret: bool = False


VARIABLES = (
    Variable("DUET_HOME", "The folder of everything that Duet stores.", "~/.duet"),
    Variable(
        "DUET_DATABASE_URL",
        "Where assistants, examples, conversations and votes are: SQLite or PostgreSQL, as an "
        "SQLAlchemy URL.",
        "duet.db in DUET_HOME",
    ),
    Variable(
        "DUET_VECTOR_INDEX",
        "Where vectors are searched: milvus:FOLDER, or the address of a Milvus server.",
        "FAISS, in this process",
    ),
    Variable("DUET_MILVUS_TOKEN", "For a Milvus server that asks for one.", "none", secret=True),
    Variable(
        "DUET_JUDGE_URL",
        "An OpenAI-compatible address of a model that judges answers, where you ask for it.",
        "no judge",
    ),
    Variable("DUET_JUDGE_MODEL", "The name of that model.", "none"),
    Variable("DUET_JUDGE_KEY", "The key for that address.", "none", secret=True),
    Variable(
        "DUET_WRITER_URL",
        "An OpenAI-compatible address of a model that writes examples, where you ask for it.",
        "a model on this machine",
    ),
    Variable("DUET_WRITER_MODEL", "The name of that model.", "the assistant's base model"),
    Variable("DUET_WRITER_KEY", "The key for that address.", "none", secret=True),
)
"""All of them; docs/settings.md has the same list."""


def variable_values() -> dict[str, str]:
    """Each variable's value for people: secrets and passwords hidden, "" where it is not set."""
    values = {}
    for one in VARIABLES:
        value = os.environ.get(one.name, "").strip()
        values[one.name] = "set, hidden" if one.secret and value else without_password(value)
    return values


def without_password(url: str) -> str:
    """A URL or address with its password hidden."""
    url = re.sub(r"(://[^:/@?]*):[^/?]*@", r"\1:***@", url)
    return re.sub(r"(?i)((?:password|passwd|token|key)=)[^&]*", r"\1***", url)


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
