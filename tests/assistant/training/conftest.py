"""A base model of a few thousand weights with a real tokenizer and chat template."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from assistant.prompts import default_system_prompt
from assistant.records import Assistant, Example, example_id

TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] "
    "+ '<|im_end|>' + '\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
COLOURS = ("red", "green", "blue", "black", "white", "brown")
THINGS = ("lid", "cup", "lamp", "hose", "door", "bell")


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a random Llama of two layers and a byte-level tokenizer."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("tiny-model")
    plain = Tokenizer(models.BPE())
    plain.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    plain.decoder = decoders.ByteLevel()
    special = ["<|im_end|>", "<|im_start|>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    plain.train_from_iterator(
        [f"What colour is the {thing}? It is {colour}." for thing in THINGS for colour in COLOURS],
        trainers.BpeTrainer(vocab_size=320, special_tokens=special, initial_alphabet=alphabet),
    )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=plain, eos_token="<|im_end|>", pad_token="<|im_end|>"
    )
    tokenizer.chat_template = TEMPLATE
    torch.manual_seed(0)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=512,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
            tie_word_embeddings=True,
        )
    )
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture
def assistant() -> Assistant:
    prompt = default_system_prompt("Tester", "Knows the colours of things")
    now = datetime(2026, 1, 1, tzinfo=UTC)
    return Assistant("a1", "tester", "Tester", "colours", prompt, "builtin", "builtin", now)


@pytest.fixture
def examples() -> list[Example]:
    """Twelve training and two validation examples, and one of each test split."""
    made = []
    for thing, colour in zip(THINGS, COLOURS, strict=True):
        answer = f"It is {colour}."
        for question in (f"What colour is the {thing}?", f"The {thing}, which colour is it?"):
            made.append(
                Example(
                    example_id(question, answer), question, answer, "written", "train", fact=thing
                )
            )
    for split in ("validation", "validation", "recall", "generalisation"):
        question = f"Which is the {split} colour {len(made)}?"
        made.append(Example(example_id(question, "Red."), question, "Red.", "written", split))
    return made
