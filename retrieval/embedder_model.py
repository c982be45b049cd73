"""An embedding model into memory. The only home of sentence-transformers, with the reranker."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, Protocol

from retrieval.errors import EmbedderError

logger = logging.getLogger(__name__)


class Model(Protocol):
    """What is asked of a loaded model; SentenceTransformer in any of its backends does it."""

    @property
    def device(self) -> Any: ...

    def encode(
        self, texts: list[str], /, *, prompt: str, batch_size: int, show_progress_bar: bool
    ) -> Any:
        """Vectors of the texts with the prompt in front: an array (len(texts), dimension)."""
        ...


def load_model(folder: Path, max_tokens: int) -> Model:
    """The model in the folder, on the fastest device in the fastest dtype.

    Raises EmbedderError.
    """
    try:
        import torch
        from sentence_transformers import SentenceTransformer

        device = _device(torch)
        dtype = _fastest_dtype(torch, device)
        logger.info("Loading the embedding model on %s in %s.", device, dtype)
        model = SentenceTransformer(
            str(folder),
            device=device,
            local_files_only=True,
            trust_remote_code=False,
            model_kwargs={"dtype": dtype, "use_safetensors": True},
        )
        model.max_seq_length = max_tokens
        return model
    except Exception as error:  # torch, transformers and safetensors each raise their own
        raise EmbedderError(
            f"The embedding model cannot be loaded ({first_line(error)}): install it again."
        ) from error


def _device(torch: Any) -> str:
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _fastest_dtype(torch: Any, device: str) -> Any:
    """bfloat16 where the hardware computes in it, else float32.

    On a CPU with AVX-512 or AMX for bfloat16 it is about twice as fast and the vectors keep a
    cosine of .998 to the exact ones; without them it is emulated and slower.
    """
    if device == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float32
    if device == "cpu" and torch.ops.mkldnn._is_mkldnn_bf16_supported():
        return torch.bfloat16
    return torch.float32


def first_line(error: BaseException) -> str:
    """What a foreign error says, short enough for a sentence."""
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__
