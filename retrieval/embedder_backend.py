"""PyTorch, ONNX or OpenVINO: which of those installed runs an embedding model fastest here.

Measured once for a model on a machine and noted in a file; where nothing but PyTorch is installed
there is nothing to measure. A backend that cannot be loaded, or whose vectors are not those of
PyTorch, is passed over with a line in the log.
"""

from __future__ import annotations

import json
import logging
import math
import os
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import numpy as np

logger = logging.getLogger(__name__)

TORCH = "torch"
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "onnx": ("optimum", "onnxruntime"),
    "openvino": ("optimum", "openvino"),
}
_LEAST_GAIN = 1.1
_LEAST_COSINE = 0.99
_ROUNDS = 3
_SAMPLE = [
    "The tank holds two litres of water and is filled from above. " * repeats
    for repeats in (1, 2, 4, 8, 12)
] * 4


class Model(Protocol):
    """What is asked of a loaded model; SentenceTransformer in any of its backends does it."""

    @property
    def device(self) -> Any: ...

    def encode(
        self, texts: list[str], /, *, prompt: str, batch_size: int, show_progress_bar: bool
    ) -> Any:
        """Vectors of the texts with the prompt in front: an array (len(texts), dimension)."""
        ...


def installed_backends() -> list[str]:
    """The backends beside PyTorch whose libraries are here."""
    return [
        name for name, needed in _NEEDED.items() if all(find_spec(library) for library in needed)
    ]


def fastest(
    load: Callable[[str], Model], others: Sequence[str], notes: Path | None, model: str
) -> Model:
    """The model in its fastest backend: PyTorch, or one of the others where that gains a tenth.

    load: from a backend's name to the model in it. notes: where the choice is kept; None measures
    each time. model: its identity. What `load` raises for PyTorch is raised; for the others it is
    logged.
    """
    if not others:
        return load(TORCH)
    key = f"{model} among {', '.join(sorted(others))}"
    noted = _noted(notes, key)
    if noted in (TORCH, *others):
        try:
            return load(noted)
        except Exception as error:  # each backend raises its own
            logger.warning("The backend %s cannot be used any more (%s).", noted, error)
            others = [other for other in others if other != noted]
    loaded = load(TORCH)
    seconds, reference = _measured(loaded)
    best, best_seconds, best_model = TORCH, seconds / _LEAST_GAIN, loaded
    for other in others:
        try:
            candidate = load(other)
            taken, vectors = _measured(candidate)
        except Exception as error:  # each backend raises its own
            logger.warning("The backend %s is not used (%s).", other, error)
            continue
        if not _alike(vectors, reference):
            logger.warning("The backend %s is not used: its vectors are others.", other)
        elif taken < best_seconds:
            best, best_seconds, best_model = other, taken, candidate
    logger.info("The embedding model %s runs in %s.", model, best)
    _note(notes, key, best)
    return best_model


def _measured(model: Model) -> tuple[float, Any]:
    """Seconds for the sample, best of three, and its vectors."""
    best, vectors = math.inf, None
    for _ in range(_ROUNDS):
        start = time.perf_counter()
        vectors = model.encode(_SAMPLE, prompt="", batch_size=32, show_progress_bar=False)
        best = min(best, time.perf_counter() - start)
    return best, np.asarray(vectors, dtype=np.float32)


def _alike(vectors: Any, reference: Any) -> bool:
    if vectors.shape != reference.shape:
        return False
    lengths = np.linalg.norm(vectors, axis=1) * np.linalg.norm(reference, axis=1)
    cosines = (vectors * reference).sum(axis=1) / np.maximum(lengths, 1e-12)
    return bool(cosines.min() >= _LEAST_COSINE)


def _noted(notes: Path | None, key: str) -> str:
    try:
        found = json.loads(notes.read_text(encoding="utf-8")) if notes else {}
    except (OSError, ValueError):
        return ""
    return str(found.get(key, "")) if isinstance(found, dict) else ""


def _note(notes: Path | None, key: str, backend: str) -> None:
    """Keep the choice; where it cannot be kept, it is measured again next time."""
    if notes is None:
        return
    try:
        found = json.loads(notes.read_text(encoding="utf-8")) if notes.exists() else {}
    except (OSError, ValueError):
        found = {}
    kept = found if isinstance(found, dict) else {}
    temporary = notes.with_name(f".{notes.name}-{os.getpid()}")
    try:
        temporary.write_text(json.dumps({**kept, key: backend}, indent=2), encoding="utf-8")
        temporary.replace(notes)
    except OSError as error:
        logger.warning("The choice of %s is not kept (%s).", backend, error)
