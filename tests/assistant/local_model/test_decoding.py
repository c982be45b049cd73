from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from assistant.generation import Piece
from assistant.local_model import decoding
from assistant.local_model.adapters import RowAdapters
from assistant.local_model.chat_tokenizer import ChatTokenizer
from assistant.local_model.decoding import Decoder, Row
from assistant.records import Decoding, Message


@pytest.fixture(scope="module")
def tokenizer(model_folder: Path) -> ChatTokenizer:
    return ChatTokenizer(model_folder)


@pytest.fixture
def network(model_folder: Path) -> Any:
    import torch
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(model_folder, dtype=torch.float32).eval()


def _rows(tokenizer: ChatTokenizer, *questions: str, tokens: int = 12) -> list[Row]:
    return [
        Row(
            index=index,
            prompt=tokenizer.prompt_ids([Message("user", question)]),
            decoding=Decoding(tokens),
            adapter=None,
            text=tokenizer.answer_text(),
            asked_at=time.perf_counter(),
            max_new_tokens=tokens,
        )
        for index, question in enumerate(questions)
    ]


def _tokens(
    network: Any, rows: Sequence[Row], stop: Callable[[], bool] = lambda: False
) -> tuple[list[list[int]], list[Piece]]:
    pieces = list(Decoder(network, RowAdapters(network), frozenset([1])).run(rows, stop))
    return [row.tokens for row in rows], pieces


QUESTIONS = ("Hi", "What does the tank hold?", "A long question. " * 6)


def test_in_turn_and_together_give_the_same_tokens(
    network: Any, tokenizer: ChatTokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    together, _ = _tokens(network, _rows(tokenizer, *QUESTIONS))
    monkeypatch.setattr(decoding, "_mergeable", lambda rows: False)
    in_turn, _ = _tokens(network, _rows(tokenizer, *QUESTIONS))
    assert together == in_turn
    assert len({tuple(row) for row in together}) == 3


def test_a_sliding_window_model_is_decoded_rightly(
    model_folder: Path, tokenizer: ChatTokenizer
) -> None:
    import torch
    from transformers import MistralConfig, MistralForCausalLM

    torch.manual_seed(5)
    config = MistralConfig(
        vocab_size=258,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        sliding_window=8,
        initializer_range=0.6,
        eos_token_id=None,
        pad_token_id=1,
    )
    network = MistralForCausalLM(config).eval()
    rows = _rows(tokenizer, *QUESTIONS)
    found, _ = _tokens(network, rows)
    for row, tokens in zip(rows, found, strict=True):
        ids = torch.tensor([list(row.prompt)])
        expected = network.generate(ids, max_new_tokens=12, do_sample=False)
        whole = expected[0, ids.shape[1] :].tolist()
        assert tokens == whole[: whole.index(1) + 1 if 1 in whole else None]


def test_a_prompt_in_chunks_is_the_same_prompt(
    network: Any, tokenizer: ChatTokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, _ = _tokens(network, _rows(tokenizer, *QUESTIONS))
    monkeypatch.setattr(decoding, "_PREFILL_CHUNK", 7)
    assert _tokens(network, _rows(tokenizer, *QUESTIONS))[0] == whole


def test_stopping_in_a_prompt_does_not_wait_for_its_end(
    network: Any, tokenizer: ChatTokenizer
) -> None:
    layers: list[Any] = []
    for layer in network.model.layers:
        layer.register_forward_hook(lambda *_: layers.append(1))
    found, pieces = _tokens(network, _rows(tokenizer, *QUESTIONS), lambda: len(layers) >= 2)
    assert len(layers) == 2 < len(network.model.layers)
    assert found == [[], [], []]
    assert [(piece.index, piece.stopped, piece.text) for piece in pieces] == [
        (number, True, "") for number in range(3)
    ]
    assert all(piece.usage is not None and piece.usage.tokens_out == 0 for piece in pieces)


def test_stopping_keeps_what_was_said(network: Any, tokenizer: ChatTokenizer) -> None:
    rows = _rows(tokenizer, *QUESTIONS, tokens=30)
    whole, _ = _tokens(network, _rows(tokenizer, *QUESTIONS, tokens=30))
    stopped, pieces = _tokens(network, rows, lambda: len(rows[0].tokens) >= 5)
    assert stopped[0] == whole[0][:5]
    assert sum(piece.stopped for piece in pieces) == 3
    again, _ = _tokens(network, _rows(tokenizer, *QUESTIONS, tokens=30))
    assert again == whole


@pytest.mark.parametrize("most", [(20, 4, 11), (20, 15, 4), (3, 3, 20)])
def test_rows_leave_one_by_one_and_the_rest_go_on(
    network: Any, tokenizer: ChatTokenizer, most: tuple[int, ...]
) -> None:
    alone = [_tokens(network, [row])[0][0] for row in _rows(tokenizer, *QUESTIONS, tokens=20)]
    rows = _rows(tokenizer, *QUESTIONS, tokens=20)
    for row, own in zip(rows, most, strict=True):
        row.max_new_tokens = own
    found, pieces = _tokens(network, rows)
    assert found == [tokens[:own] for tokens, own in zip(alone, most, strict=True)]
    ends = [piece.index for piece in pieces if piece.usage is not None]
    assert sorted(ends) == [0, 1, 2] and [most[end] for end in ends] == sorted(most)


def test_without_temperature_the_seed_changes_nothing(
    network: Any, tokenizer: ChatTokenizer
) -> None:
    first, second = (_rows(tokenizer, "Hi")[0] for _ in range(2))
    second.decoding = replace(second.decoding, seed=9)
    assert _tokens(network, [first])[0] == _tokens(network, [second])[0]
