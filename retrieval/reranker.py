"""A cross-encoder reads question and passage together and scores the pair. Off by default.

It orders what the fused search found, and nothing else: whether anything relevant was found at all
is decided before it, on raw scores that it never sees.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from retrieval.errors import EmbedderError

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

logger = logging.getLogger(__name__)

RERANKED = 20
OVERLAP = "overlap"
_MAX_TOKENS = 512
_BATCH = 16
_WORD = re.compile(r"\w+")


class Reranker(Protocol):
    """name: of the model, as it was asked for."""

    @property
    def name(self) -> str: ...

    def scores(self, question: str, texts: Sequence[str]) -> list[float]:
        """How well each text answers the question, larger is better, on a scale of its own."""
        ...


class OverlapReranker:
    """A fake that ships: the share of the question's words that a text holds."""

    def __init__(self, name: str = OVERLAP) -> None:
        self.name = name

    def scores(self, question: str, texts: Sequence[str]) -> list[float]:
        """As in `Reranker`, in [0, 1]."""
        asked = set(_WORD.findall(question.casefold()))
        held = [set(_WORD.findall(text.casefold())) for text in texts]
        return [len(asked & words) / max(len(asked), 1) for words in held]


class CrossEncoderReranker:
    """A sentence-transformers cross-encoder, loaded at the first call of `scores`."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._model: CrossEncoder | None = None
        self._loading = threading.Lock()

    def scores(self, question: str, texts: Sequence[str]) -> list[float]:
        """As in `Reranker`. Raises EmbedderError where the model is missing or fails."""
        if not texts:
            return []
        model = self._loaded()
        try:
            found = model.predict(
                [(question, text) for text in texts], batch_size=_BATCH, show_progress_bar=False
            )
        except (RuntimeError, MemoryError, ValueError) as error:
            raise EmbedderError(
                f"The reranker {self.name} failed ({_first_line(error)}): switch it off in the "
                "retrieval settings, or close other programs that need memory and try again."
            ) from error
        return [float(score) for score in found]

    def _loaded(self) -> CrossEncoder:
        with self._loading:
            if self._model is None:
                self._model = _load(self.name)
            return self._model


def load_reranker(name: str) -> Reranker:
    """The reranker of that name: a local folder or a Hugging Face id, in safetensors.

    `overlap` is the shipped fake, to try the way without a model.
    """
    return OverlapReranker() if name == OVERLAP else CrossEncoderReranker(name)


def _load(name: str) -> CrossEncoder:
    folder = Path(name).expanduser()
    try:
        from sentence_transformers import CrossEncoder

        logger.info("Loading the reranker %s.", name)
        model = CrossEncoder(
            str(folder) if folder.is_dir() else name,
            num_labels=1,
            max_length=_MAX_TOKENS,
            local_files_only=folder.is_dir(),
            trust_remote_code=False,
            model_kwargs={"use_safetensors": True},
        )
    except Exception as error:  # torch, transformers, safetensors and the hub each raise their own
        raise EmbedderError(
            f"The reranker {name} cannot be loaded ({_first_line(error)}): name the folder or the "
            "hub id of a cross-encoder in safetensors, or search without one."
        ) from error
    return cast("CrossEncoder", model)


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__
