"""Answers in batches are those given one by one, in float32; a question goes before a batch."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.generation import Generated, GenerationRequest
from assistant.local_model import LocalBackend
from assistant.records import Decoding, Message

SYSTEM = Message("system", "You help with the kettle.")
Answered = Callable[..., list[str]]


def request(text: str, adapter: Path | None = None, tokens: int = 12) -> GenerationRequest:
    decoding = Decoding(max_new_tokens=tokens)
    return GenerationRequest((SYSTEM, Message("user", text)), decoding, adapter)


@pytest.fixture
def backend(model_folder: Path) -> Iterator[LocalBackend]:
    backend = LocalBackend(model_folder, dtype="float32")
    yield backend
    backend.close()


def batch(backend: LocalBackend, requests: list[GenerationRequest]) -> list[Generated]:
    found = list(backend.generate_batch(requests, threading.Event()))
    assert sorted(one.index for one in found) == list(range(len(requests)))
    return sorted(found, key=lambda one: one.index)


def many(adapters: list[Path]) -> list[GenerationRequest]:
    """More rows than decode at once, of all lengths, some with a common beginning."""
    texts = [f"Question {n}: " + "what of it " * (n % 7) for n in range(30)]
    texts += ["The same long passage. " * 4 + f"And {n}?" for n in range(6)]
    choices = [None, *adapters]
    return [
        request(text, choices[n % len(choices)], tokens=5 + n % 11) for n, text in enumerate(texts)
    ]


def test_a_batch_says_what_each_says_alone(
    backend: LocalBackend, adapters: list[Path], answered: Answered
) -> None:
    requests = many(adapters)
    alone = [answered(backend, [one])[0] for one in requests]
    assert len(set(alone)) > 20, "answers that are alike would prove nothing"
    found = batch(backend, requests)
    assert [one.text for one in found] == alone
    assert [one.usage.tokens_in for one in found] == [
        backend.count_tokens(one.messages) for one in requests
    ]


def test_an_answer_that_ends_at_the_limit_is_truncated(
    backend: LocalBackend, model_folder: Path
) -> None:
    (found,) = batch(backend, [request("Hi", tokens=4)])
    assert found.truncated and found.usage.tokens_out == 4


def test_a_reference_costs_what_the_model_says(
    backend: LocalBackend, model_folder: Path, adapters: list[Path]
) -> None:
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    from assistant.local_model.chat_tokenizer import ChatTokenizer

    base = AutoModelForCausalLM.from_pretrained(model_folder, dtype=torch.float32)
    model = PeftModel.from_pretrained(base, adapters[0]).eval()
    tokenizer = ChatTokenizer(model_folder)
    references = ["It holds two.", "No.", "", "A rather longer reference."]
    texts = ["How much is it?", "How much?", "How?", "How much is in it, at most?"]
    requests = [
        replace(request(text, adapters[0]), reference=reference)
        for text, reference in zip(texts, references, strict=True)
    ]
    for one, made in zip(requests, batch(backend, requests), strict=True):
        if not one.reference:
            assert made.reference is None
            continue
        prompt = tokenizer.prompt_ids(one.messages)
        answer = tokenizer.reference_ids(one.reference)
        with torch.inference_mode():
            logits = model(input_ids=torch.tensor([prompt + answer])).logits[0]
        expected = torch.nn.functional.cross_entropy(
            logits[len(prompt) - 1 : -1], torch.tensor(answer), reduction="sum"
        )
        assert made.reference is not None
        assert made.reference.tokens == len(answer)
        assert made.reference.nll == pytest.approx(float(expected), rel=1e-4)


def test_a_question_goes_before_the_rest_of_a_batch(
    backend: LocalBackend, answered: Answered
) -> None:
    expected = answered(backend, [request("Hello?")])
    requests = [request(f"Question {n} " * (1 + n % 3), tokens=60) for n in range(40)]
    alone = [one.text for one in batch(backend, requests)]
    going = backend.generate_batch(requests, threading.Event())
    first = next(going)
    assert answered(backend, [request("Hello?")]) == expected
    # What was whole when the question came is all that may have come back by then.
    rest = list(going)
    assert len(rest) == 39
    texts = {one.index: one.text for one in [first, *rest]}
    assert [texts[n] for n in range(40)] == alone, "making way changed an answer"


def test_cancelling_gives_up_what_is_not_whole(backend: LocalBackend, answered: Answered) -> None:
    cancelled = threading.Event()
    requests = [request(f"Question {n}", tokens=10 + 5 * n) for n in range(8)]
    found = []
    for one in backend.generate_batch(requests, cancelled):
        found.append(one)
        cancelled.set()
    assert 0 < len(found) < 8
    assert all(one.usage.tokens_out == 10 + 5 * one.index for one in found if one.truncated)
    assert answered(backend, [request("Hello?")])[0]
    waiting = threading.Event()
    waiting.set()
    assert list(backend.generate_batch(requests, waiting)) == []


def test_a_seed_draws_the_same_in_a_batch(backend: LocalBackend, answered: Answered) -> None:
    drawn = [
        replace(request("Say"), decoding=Decoding(12, temperature=1.5, seed=seed))
        for seed in range(3)
    ]
    alone = [answered(backend, [one])[0] for one in drawn]
    assert len(set(alone)) == 3
    assert [one.text for one in batch(backend, [*drawn, request("Other")])[:3]] == alone


def test_prompts_that_begin_alike_are_prefilled_together() -> None:
    from assistant.local_model.batching import BatchRow, common_prefix, prefill_runs
    from assistant.local_model.decoding import Row

    def row(*prompt: int) -> BatchRow:
        return BatchRow(Row(0, prompt, Decoding(), None, None, 0.0, 8))  # type: ignore[arg-type]

    shared, other = tuple(range(600)), tuple(range(1000, 1600))
    rows = [row(*shared, 7), row(*other, 8), row(*shared, 9, 9)]
    runs = prefill_runs(rows, 32)
    assert sorted(len(run) for run in runs) == [1, 2]
    assert common_prefix([(1, 2, 3), (1, 2), (1, 2, 4)]) == 2
