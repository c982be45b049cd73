"""Where an embedding model of a name is on this disk, and what its settings say."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from retrieval.errors import EmbedderError

_WANTED = ("*.json", "*.safetensors", "*.txt", "1_Pooling/*", "2_*/*", "3_*/*")


def described(name: str) -> tuple[Path, str, int, int]:
    """Folder, identity, dimension and longest text in tokens of an embedding model.

    name: a local folder or a Hugging Face id. The identity holds a part of the SHA-256 of the
    weights, so that vectors of different weights are never mixed.
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
    return folder, f"{Path(name).name}@{_digest(weights)[:12]}", dimension, longest


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
