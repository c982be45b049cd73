"""The base model and its tokenizer as the training needs them, on the device there is."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
import torch
from peft import LoraConfig
from safetensors import SafetensorError
from transformers import AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig, PreTrainedModel
from transformers.utils.import_utils import is_torch_bf16_gpu_available

from assistant.errors import ModelError, TrainingError
from assistant.models import check_model_folder, read_json
from assistant.training.settings import TrainingSettings


def device() -> torch.device:
    """Where the model is trained."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def precision() -> torch.dtype:
    """Of the base model's weights: bf16, or fp16 on a GPU without it, or fp32 on Apple's."""
    kind = device().type
    if kind == "cpu" or is_torch_bf16_gpu_available():
        return torch.bfloat16
    return torch.float16 if kind == "cuda" else torch.float32


def set_threads() -> None:
    """As many threads as this process may use physical cores: a second one on a core only wakes
    and waits. OMP_NUM_THREADS goes first."""
    if "OMP_NUM_THREADS" in os.environ:
        return
    usable = len(psutil.Process().cpu_affinity()) if hasattr(psutil.Process, "cpu_affinity") else 0
    physical = psutil.cpu_count(logical=False) or 1
    torch.set_num_threads(max(1, min(physical, usable or physical)))


def qlora_missing() -> str:
    """What this machine lacks for QLoRA, "" where it has all."""
    if not torch.cuda.is_available():
        return "an NVIDIA GPU"
    return "" if importlib.util.find_spec("bitsandbytes") else "the package bitsandbytes"


def check_model(folder: Path) -> None:
    """Raise ModelError, in one sentence, where this is no model that can be trained for chat."""
    if not (folder / "config.json").is_file():
        raise ModelError(
            f"The base model is no longer in {folder}: fetch it again, or choose another one."
        )
    name = f"The base model in {folder}"
    if (read_json(folder / "config.json") or {}).get("auto_map"):
        raise ModelError(
            f"{name} needs program code of its own, which is never run: choose a model of an "
            "architecture that transformers knows."
        )
    check_model_folder(folder, name)


def load_tokenizer(folder: Path) -> Any:
    """Raises ModelError."""
    try:
        return AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, KeyError) as error:
        raise _unreadable(folder, error) from error


def load_model(folder: Path, qlora: bool) -> PreTrainedModel:
    """The base model on its device, with 4-bit weights for QLoRA. Raises ModelError."""
    quantization = BitsAndBytesConfig(  # type: ignore[no-untyped-call]
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=precision(),
    )
    try:
        model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(
            folder,
            dtype=precision(),
            use_safetensors=True,
            local_files_only=True,
            trust_remote_code=False,
            quantization_config=quantization if qlora else None,
        )
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        raise _unreadable(folder, error) from error
    if not qlora:  # quantised weights are put on the GPU as they are read
        torch.nn.Module.to(model, device())
    return model


def end_ids(tokenizer: Any, folder: Path) -> list[int]:
    """The tokens that end a turn, the tokenizer's own first. Raises TrainingError without any."""
    config = read_json(folder / "config.json") or {}
    generation = read_json(folder / "generation_config.json") or {}
    eos = generation.get("eos_token_id", config.get("eos_token_id"))
    ids = eos if isinstance(eos, list) else [eos] if eos is not None else []
    if tokenizer.eos_token_id is not None and tokenizer.eos_token_id not in ids:
        ids = [tokenizer.eos_token_id, *ids]
    if not ids:
        raise TrainingError("The base model has no end-of-text token: choose an instruct model.")
    return ids


def lora_config(model: PreTrainedModel, settings: TrainingSettings) -> LoraConfig:
    """The adapter to train. Raises TrainingError where the model has no layers of that name."""
    targets: str | list[str] = "all-linear"
    if settings.target_layers == "attention":
        targets = attention_layers(model)
    return LoraConfig(
        r=settings.rank,
        lora_alpha=settings.alpha,
        lora_dropout=settings.dropout,
        use_rslora=settings.rslora,
        target_modules=targets,
        task_type="CAUSAL_LM",
    )


def _unreadable(folder: Path, error: Exception) -> ModelError:
    first = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
    return ModelError(
        f"The base model in {folder} cannot be loaded ({first}): fetch it again, or choose another "
        "one."
    )


def attention_layers(model: PreTrainedModel) -> list[str]:
    """Names of the linear layers inside attention, as q_proj and o_proj. Raises TrainingError."""
    names = {
        name.rpartition(".")[2]
        for name, module in model.named_modules()
        if "attn" in name.rpartition(".")[0] or "attention" in name.rpartition(".")[0]
        if isinstance(module, torch.nn.Linear)
    }
    if not names:
        raise TrainingError(
            "The base model names no linear layer of its attention: train all linear layers."
        )
    return sorted(names)
