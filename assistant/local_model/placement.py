"""Putting a model on a device: which device, in which precision, and whether it fits."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.errors import GenerationError, ModelError
from assistant.models import read_json, weights_bytes

if TYPE_CHECKING:
    import torch

logger = logging.getLogger(__name__)

_BYTES = {"float32": 4, "float16": 2, "bfloat16": 2}
_OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "not enough memory")

Progress = Callable[[str, float], None]


def load_network(folder: Path, dtype: str | None, progress: Progress) -> Any:
    """The model of a folder in evaluation mode, on the fastest device of this machine.

    Raises ModelError where it cannot be loaded or does not fit.
    """
    stage = "Starting the libraries"
    progress(stage, 0.0)
    import torch
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging as transformers_logging

    progress(stage, 1.0)
    stage = "Loading the model"
    progress(stage, 0.0)
    device = _device()
    precision = dtype or _fast_dtype(device)
    _check_code(folder)
    _check_fit(folder, device, precision)
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        network: Any = AutoModelForCausalLM.from_pretrained(
            folder,
            dtype=getattr(torch, precision),
            local_files_only=True,
            use_safetensors=True,
            trust_remote_code=False,
        )
        network.to(device)
    except Exception as error:
        if _is_out_of_memory(error):
            raise _too_large(folder, None, device) from error
        raise ModelError(
            f"The model in {folder} cannot be loaded ({type(error).__name__}: "
            f"{_first_line(error)}): fetch it again, or choose another one."
        ) from error
    network.eval()
    for parameter in network.parameters():
        parameter.requires_grad_(False)
    progress(stage, 1.0)
    logger.info("loaded %s on %s in %s", folder.name, device, precision)
    return network


def generation_error(error: Exception) -> GenerationError:
    """A failure of torch or transformers while answering, as one sentence."""
    if _is_out_of_memory(error):
        return GenerationError(
            "The machine ran out of memory while answering; nothing was stored: shorten the "
            "conversation, use fewer passages, or choose a smaller model."
        )
    return GenerationError(
        f"The model failed while answering ({type(error).__name__}: {_first_line(error)}); nothing "
        "was stored: ask again, and if it fails again choose another model."
    )


def _device() -> str:
    import torch

    if torch.cuda.is_available():
        return "cuda"
    if torch.backends.mps.is_available():
        return "mps"
    return "cpu"


def _fast_dtype(device: str) -> str:
    """Decoding reads all weights for each token, so two bytes each beat four where they compute.

    A CPU without bfloat16 instructions emulates them: a small product, timed, tells.
    """
    import torch

    if device == "cuda":
        return "bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float16"
    if device == "mps":
        return "bfloat16"
    half, full = (_product_seconds(dtype) for dtype in (torch.bfloat16, torch.float32))
    logger.debug("a product takes %.1f us in bfloat16, %.1f in float32", half * 1e6, full * 1e6)
    return "bfloat16" if half < 2 * full else "float32"


def _product_seconds(dtype: torch.dtype) -> float:
    """Best of five products of (128, 512) and (512, 512), about a prompt's work on one layer."""
    import torch

    left, right = torch.ones(128, 512, dtype=dtype), torch.ones(512, 512, dtype=dtype)
    best = float("inf")
    for _ in range(6):  # the first also sets the kernel up
        began = time.perf_counter()
        left @ right
        best = min(best, time.perf_counter() - began)
    return best


def _check_code(folder: Path) -> None:
    """Raise ModelError for a model that only code of its own, which would come with it, can run."""
    from transformers import CONFIG_MAPPING

    config = read_json(folder / "config.json") or {}
    if "auto_map" in config and config.get("model_type") not in CONFIG_MAPPING:
        raise ModelError(
            f"{folder.name} needs code of its own, which Duet does not run: choose another model."
        )


def _check_fit(folder: Path, device: str, dtype: str) -> None:
    """Raise ModelError where the weights alone are larger than the memory that is free."""
    import psutil  # type: ignore[import-untyped]
    import torch

    config = read_json(folder / "config.json") or {}
    stored = str(config.get("dtype") or config.get("torch_dtype") or "bfloat16")
    needed = weights_bytes(folder) * _BYTES[dtype] // _BYTES.get(stored, 2)
    if device == "cuda":
        free, _ = torch.cuda.mem_get_info()
    else:
        free = psutil.virtual_memory().available
    if needed > free:
        raise _too_large(folder, (needed, free), device)


def _too_large(folder: Path, sizes: tuple[int, int] | None, device: str) -> ModelError:
    where = "the graphics card" if device == "cuda" else "this machine"
    detail = (
        f": it needs {sizes[0] / 1e9:.1f} GB and {sizes[1] / 1e9:.1f} are free" if sizes else ""
    )
    return ModelError(
        f"{folder.name} does not fit into the memory of {where}{detail}. Close other programs, or "
        "choose a smaller model."
    )


def _is_out_of_memory(error: Exception) -> bool:
    text = str(error).lower()
    return isinstance(error, MemoryError) or any(sign in text for sign in _OUT_OF_MEMORY)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [""])[0][:200]


def held_gib() -> float:
    """Main memory that this process holds, and the most that torch reserved on a GPU, in GiB."""
    import psutil

    gib = float(psutil.Process().memory_info().rss) / 2**30
    # A process in which no model was loaded must not import torch to be told that it holds none.
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        gib += float(torch.cuda.max_memory_reserved()) / 2**30
    return gib
