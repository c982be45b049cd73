"""A chat model small enough to make in the test: random weights, a token for each byte."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
CONTEXT = 256


def write_tokenizer(folder: Path) -> None:
    """A byte-level tokenizer without merges: ids 0 and 1 are the turn markers."""
    from tokenizers import AddedToken, Tokenizer, decoders, pre_tokenizers
    from tokenizers.models import BPE

    markers = ["<|im_start|>", "<|im_end|>"]
    tokens = [*markers, *sorted(pre_tokenizers.ByteLevel.alphabet())]
    tokenizer = Tokenizer(BPE({token: number for number, token in enumerate(tokens)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(one, special=True) for one in markers])
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<|im_end|>"}
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    (folder / "chat_template.jinja").write_text(TEMPLATE)


def write_model(folder: Path, seed: int, **settings: Any) -> None:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(seed)
    config = LlamaConfig(
        **{
            "vocab_size": 258,
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_hidden_layers": 3,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "max_position_embeddings": CONTEXT,
            "eos_token_id": 1,
            "bos_token_id": 0,
            "pad_token_id": 1,
            "tie_word_embeddings": True,
            "initializer_range": 0.6,
            **settings,
        }
    )
    LlamaForCausalLM(config).save_pretrained(folder)


def write_adapter(
    model_folder: Path, folder: Path, seed: int, size: float = 0.3, **settings: Any
) -> Path:
    """A LoRA adapter with random weights in the model's own place, written by peft."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(seed)
    base = AutoModelForCausalLM.from_pretrained(model_folder, dtype=torch.float32)
    settings = {"r": 4, "lora_alpha": 8, "target_modules": "all-linear", **settings}
    tuned = get_peft_model(base, LoraConfig(task_type="CAUSAL_LM", **settings))
    with torch.no_grad():
        for name, weight in tuned.named_parameters():
            if "lora_B" in name:
                weight.normal_(0, size)
    tuned.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tiny-model")
    write_model(folder, seed=7)
    write_tokenizer(folder)
    return folder


@pytest.fixture(scope="session")
def adapters(model_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three different adapters of the tiny model."""
    folder = tmp_path_factory.mktemp("adapters")
    return [
        write_adapter(model_folder, folder / str(number), seed=number) for number in range(1, 4)
    ]


@pytest.fixture
def answered() -> Callable[..., list[str]]:
    """Runs requests to their ends and returns the answers, with the checks that hold for all."""
    from assistant.generation import Backend, GenerationRequest

    def run(backend: Backend, requests: Sequence[GenerationRequest]) -> list[str]:
        texts = [""] * len(requests)
        usages: dict[int, Any] = {}
        for piece in backend.generate(requests, threading.Event()):
            assert piece.index not in usages, "a piece after the last one of its request"
            texts[piece.index] += piece.text
            if piece.usage is not None:
                assert not piece.stopped
                usages[piece.index] = piece.usage
        assert sorted(usages) == list(range(len(requests)))
        return texts

    return run
