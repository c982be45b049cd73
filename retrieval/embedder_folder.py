"""Where an embedding model of a name is on this disk, and what its settings say."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from retrieval.errors import EmbedderError

_WANTED = ("*.json", "*.safetensors", "*.txt", "1_Pooling/*", "2_*/*", "3_*/*")


@dataclass(frozen=True, slots=True)
class Prefixes:
    """What a model wants in front of a question and of a passage; "" for nothing."""

    query: str = ""
    passage: str = ""


NO_PREFIXES = Prefixes()

# What the models of a family ask for in their descriptions, where their settings do not say it.
_INSTRUCTED = (
    "Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery: "
)
_FAMILIES = (
    (re.compile(r"e5-.*instruct"), Prefixes(_INSTRUCTED)),
    (re.compile(r"(^|[-_])e5-"), Prefixes("query: ", "passage: ")),
    (
        re.compile(r"bge-(small|base|large)-en"),
        Prefixes("Represent this sentence for searching relevant passages: "),
    ),
    (
        re.compile(r"bge-(small|base|large)-zh"),
        Prefixes(
            "\u4e3a\u8fd9\u4e2a\u53e5\u5b50\u751f\u6210\u8868\u793a\u4ee5\u7528\u4e8e"
            "\u68c0\u7d22\u76f8\u5173\u6587\u7ae0\uff1a"
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """An embedding model on this disk.

    identity: tells its vectors from those of others. max_tokens: the longest text that it takes
    in whole, special tokens included.
    """

    folder: Path
    identity: str
    dimension: int
    max_tokens: int
    prefixes: Prefixes


def described(name: str) -> ModelFolder:
    """The embedding model of a name: a local folder or a Hugging Face id.

    The identity holds a part of the SHA-256 of the weights, so that vectors of different weights
    are never mixed. Raises EmbedderError.
    """
    folder = Path(name).expanduser()
    if not folder.is_dir():
        folder = _fetched(name)
    weights = folder / "model.safetensors"
    if not weights.is_file():
        raise EmbedderError(
            f"The embedding model {name} has no model.safetensors, the only form that Duet loads: "
            "choose another one."
        )
    config = _settings(folder / "config.json", name)
    sentences = folder / "sentence_bert_config.json"
    longest = _settings(sentences, name).get("max_seq_length") if sentences.is_file() else None
    dimension = config.get("hidden_size")
    longest = longest or config.get("max_position_embeddings")
    if not isinstance(dimension, int) or not isinstance(longest, int):
        raise EmbedderError(
            f"The settings of the embedding model {name} do not give its size: choose another one."
        )
    prefixes = _prefixes(folder, name)
    identity = f"{Path(name).name}@{_digest(weights)[:12]}"
    if prefixes.passage:
        identity += f"+{hashlib.sha256(prefixes.passage.encode()).hexdigest()[:6]}"
    return ModelFolder(folder, identity, dimension, longest, prefixes)


def _prefixes(folder: Path, name: str) -> Prefixes:
    """Those of the model's own settings, else those of its family."""
    file = folder / "config_sentence_transformers.json"
    prompts = _settings(file, name).get("prompts") if file.is_file() else None
    if isinstance(prompts, dict):
        told = {key: value for key, value in prompts.items() if isinstance(value, str) and value}
        query = told.get("query", "")
        passage = told.get("document", told.get("passage", ""))
        if query or passage:
            return Prefixes(query, passage)
    known = Path(name).name.casefold()
    return next((found for family, found in _FAMILIES if family.search(known)), NO_PREFIXES)


def _fetched(name: str) -> Path:
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name, allow_patterns=list(_WANTED)))
    except Exception as error:  # network, missing repository, disk: the hub has a class for each
        raise EmbedderError(
            f"The embedding model {name} is neither a folder nor could it be fetched "
            f"({type(error).__name__}): check the name and the network, or use the built-in one."
        ) from error


def _settings(file: Path, name: str) -> dict[str, Any]:
    try:
        settings = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise EmbedderError(
            f"The settings of the embedding model {name} cannot be read: download it again."
        ) from error
    return settings if isinstance(settings, dict) else {}


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
