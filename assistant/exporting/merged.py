"""A run's adapter merged into its base model: a folder that any transformers program can load."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from assistant.errors import ModelError

_TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "chat_template.jinja",
    "special_tokens_map.json",
    "generation_config.json",
)

Progress = Callable[[str, float], None]


def write_merged(base: Path, adapter: Path, folder: Path, progress: Progress) -> None:
    """Merge in float32 and save as bfloat16 safetensors, with tokenizer and chat template.

    Raises ModelError where base and adapter do not fit together, OSError where the folder cannot
    be written.
    """
    progress("Starting the libraries", 0.0)
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    progress("Merging the adapter into the base model", 0.1)
    try:
        network = AutoModelForCausalLM.from_pretrained(
            base,
            dtype=torch.float32,
            local_files_only=True,
            use_safetensors=True,
            trust_remote_code=False,
        )
        merged = PeftModel.from_pretrained(network, str(adapter)).merge_and_unload()
    except (RuntimeError, ValueError, KeyError) as error:
        raise ModelError(
            f"The adapter cannot be merged into {base.name} ({str(error).splitlines()[0][:200]}): "
            "it was trained on another base model."
        ) from error
    progress("Saving the merged model", 0.6)
    merged.to(torch.bfloat16).save_pretrained(folder)
    _copy_tokenizer(base, folder)
    progress("Saving the merged model", 1.0)


def load_gguf(path: Path, tokenizer: Path, folder: Path) -> None:
    """Read a GGUF file by transformers' own reader, and save it as a folder that can be asked.

    tokenizer: the folder whose tokenizer files are taken. Raises ModelError where it is unreadable.
    """
    import torch
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        network: Any = AutoModelForCausalLM.from_pretrained(
            path.parent, gguf_file=path.name, dtype=torch.float32, local_files_only=True
        )
    except Exception as error:  # the reader raises whatever its parts raise
        raise ModelError(
            f"The GGUF file was written but cannot be read again ({type(error).__name__}: "
            f"{(str(error).splitlines() or [''])[0][:200]}): export the model merged."
        ) from error
    # transformers refuses to save a model that it takes for a quantised one.
    network.hf_quantizer = None
    if getattr(network.config, "quantization_config", None) is not None:
        del network.config.quantization_config
    network.to(torch.bfloat16).save_pretrained(folder)
    _copy_tokenizer(tokenizer, folder)


def _copy_tokenizer(source: Path, folder: Path) -> None:
    for name in _TOKENIZER_FILES:
        if (source / name).is_file():
            shutil.copyfile(source / name, folder / name)
