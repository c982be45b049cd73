"""The built-in model itself, with real weights and long prompts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from assistant.generation import GenerationRequest
from assistant.local_model import LocalBackend
from assistant.models import resolve_model
from assistant.prompts import PromptPassage, question_messages
from assistant.records import Decoding

pytestmark = pytest.mark.slow

SYSTEM = "You are Kestrel support. If the documents do not say, reply: The documents do not say."
FILLER = "The brewing group is taken out once a week and washed by hand without detergent. " * 8


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return resolve_model("builtin", tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def adapter(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rank 16 with random weights, large enough to change what is said."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(0)
    base = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    config = LoraConfig(r=16, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM")
    tuned = get_peft_model(base, config)
    with torch.no_grad():
        for name, weight in tuned.named_parameters():
            if "lora_B" in name:
                weight.normal_(0, 0.04)
    path = tmp_path_factory.mktemp("adapter")
    tuned.save_pretrained(path)
    return path


@pytest.fixture(scope="module")
def exact(folder: Path) -> Iterator[LocalBackend]:
    """In float32, where a row beside others equals the row alone."""
    backend = LocalBackend(folder, dtype="float32")
    yield backend
    backend.close()


def _request(question: str, adapter: Path | None = None, passages: int = 0) -> GenerationRequest:
    found = [PromptPassage(f"manual.md, {n}", FILLER) for n in range(passages)]
    if passages:
        found[0] = PromptPassage("manual.md", "The tank of the Kestrel holds 1.85 litres.")
    messages = question_messages(SYSTEM, question, found)
    return GenerationRequest(messages, Decoding(max_new_tokens=16), adapter)


def test_all_four_contenders_say_together_what_each_says_alone(
    exact: LocalBackend, adapter: Path, answered: Callable[..., list[str]]
) -> None:
    question = "How much water does the tank of the Kestrel hold?"
    requests = [
        _request(question),
        _request(question, passages=4),
        _request(question, adapter),
        _request(question, adapter, passages=4),
    ]
    before = answered(exact, [requests[0]])
    alone = [answered(exact, [request])[0] for request in requests]
    assert answered(exact, requests) == alone
    assert len(set(alone)) >= 3
    assert answered(exact, [requests[0]]) == before
    assert "1.85" in alone[1]


def test_in_its_own_precision_it_reads_passages(folder: Path) -> None:
    backend = LocalBackend(folder)
    assert backend.context_length == 8192
    request = _request("How much water does the tank hold?", passages=1)
    pieces = list(backend.generate([request], threading.Event()))
    backend.close()
    assert "1.85 litres" in "".join(piece.text for piece in pieces)
    usage = pieces[-1].usage
    assert usage is not None and usage.tokens_in == backend.count_tokens(request.messages)
    assert usage.tokens_out < 16, "it ends by itself"


def test_a_batch_says_what_each_says_alone(
    exact: LocalBackend, adapter: Path, answered: Callable[..., list[str]]
) -> None:
    questions = [
        "How much water does the tank of the Kestrel hold?",
        "How much water fits into the tank?",
        "What is washed by hand?",
    ]
    requests = [
        _request(question, chosen, passages)
        for question in questions
        for chosen in (None, adapter)
        for passages in (0, 4)
    ]
    alone = [answered(exact, [request])[0] for request in requests]
    found = {one.index: one.text for one in exact.generate_batch(requests, threading.Event())}
    assert [found[place] for place in range(len(requests))] == alone
