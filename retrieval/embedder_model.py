"""An embedding model into memory. The only home of sentence-transformers, with the reranker."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, Literal, cast

from retrieval.embedder_backend import TORCH, Model, fastest, installed_backends
from retrieval.errors import EmbedderError

logger = logging.getLogger(__name__)

_Backend = Literal["torch", "onnx", "openvino"]


def load_model(folder: Path, max_tokens: int, identity: str, notes: Path | None) -> Model:
    """The model in the folder, on the fastest device, dtype and backend.

    identity: of the model; notes: where the choice of a backend is kept, see `embedder_backend`.
    Raises EmbedderError.
    """
    try:
        import torch

        device = _device(torch)
        dtype = _fastest_dtype(torch, device)
        logger.info("Loading the embedding model on %s in %s.", device, dtype)

        def load(backend: str) -> Model:
            return _load(folder, max_tokens, cast(_Backend, backend), device, dtype)

        others = installed_backends() if device == "cpu" else []
        return fastest(load, others, notes, identity)
    except Exception as error:  # torch, transformers and safetensors each raise their own
        raise EmbedderError(
            f"The embedding model cannot be loaded ({first_line(error)}): install it again."
        ) from error


def _load(folder: Path, max_tokens: int, backend: _Backend, device: str, dtype: Any) -> Model:
    from sentence_transformers import SentenceTransformer

    # The other backends have a form of their own, made from the weights when they are loaded.
    options = {"dtype": dtype, "use_safetensors": True} if backend == TORCH else {}
    model = SentenceTransformer(
        str(folder),
        device=device,
        backend=backend,
        local_files_only=True,
        trust_remote_code=False,
        model_kwargs=options,
    )
    model.max_seq_length = max_tokens
    return model


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
