"""Batches that share a prefix give the losses and gradients of the rows one by one."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from assistant.errors import TrainingError
from assistant.prompts import NOT_IN_DOCUMENTS, training_row
from assistant.training.rows import (
    IGNORED,
    TokenRow,
    padded_batch,
    shared_prefix,
    shared_prefix_batch,
    token_row,
)

torch = pytest.importorskip("torch")

PREFIX = (5, 6, 7, 8, 9)
ROWS = [
    TokenRow((*PREFIX, 20, 21, 22, 23, 1), 7),
    TokenRow((*PREFIX, 30, 31, 1), 6),
    TokenRow((*PREFIX, 20, 40, 41, 42, 43, 44, 45, 1), 9),
    TokenRow((*PREFIX, 50, 51, 1), 7),
]


def test_the_prefix_ends_before_any_answer_depends_on_it() -> None:
    assert shared_prefix(ROWS) == 5
    same = TokenRow((1, 2, 3, 4, 5), 3)
    assert shared_prefix([same, same]) == 2
    assert shared_prefix([TokenRow((1, 2, 3), 1), TokenRow((1, 9, 3), 2)]) == 0


def test_layout() -> None:
    batch = shared_prefix_batch(ROWS[:2], pad_id=0, capacity=100)
    assert batch["input_ids"].tolist() == [[*PREFIX, 20, 21, 22, 23, 1, 30, 31, 1]]
    assert batch["position_ids"].tolist() == [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 5, 6, 7]]
    assert batch["labels"].tolist() == [[*[IGNORED] * 7, 22, 23, 1, IGNORED, 31, 1]]
    assert int(batch["useful_tokens"]) == 18
    sees = batch["attention_mask"][0, 0]
    assert sees[9].tolist() == [True] * 10 + [False] * 3
    assert sees[11].tolist() == [True] * 5 + [False] * 5 + [True, True, False]


def test_capacity_is_kept_and_nothing_lost() -> None:
    batch = shared_prefix_batch(ROWS, pad_id=0, capacity=14)
    assert batch["input_ids"].shape[1] <= 14
    assert batch["input_ids"].shape[0] > 1
    trained = batch["labels"][batch["labels"] != IGNORED]
    assert sorted(trained.tolist()) == sorted(
        label for row in ROWS for label in row.labels if label != IGNORED
    )


def test_a_row_longer_than_the_capacity_has_a_sequence_of_its_own() -> None:
    batch = shared_prefix_batch(ROWS, pad_id=0, capacity=3)
    assert batch["input_ids"].shape == (4, 13)


@pytest.mark.parametrize("capacity", [3, 18, 100])
def test_losses_and_gradients_are_those_of_the_rows_alone(tiny_model: Path, capacity: int) -> None:
    from transformers import AutoModelForCausalLM

    from assistant.training.trainer import add_answer_losses

    model = AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32)
    add_answer_losses(model)

    def gradients(batches: list[dict[str, torch.Tensor]]) -> tuple[float, dict[str, torch.Tensor]]:
        model.zero_grad()
        total = 0.0
        for batch in batches:
            inputs = {key: value for key, value in batch.items() if key != "useful_tokens"}
            loss = model(**inputs, answer_losses=True).sum()
            loss.backward()
            total += loss.item()
        return total, {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}

    alone, expected = gradients([padded_batch([row], 0) for row in ROWS])
    packed, found = gradients([shared_prefix_batch(ROWS, 0, capacity)])
    padded, _ = gradients([padded_batch(ROWS, 0)])
    assert packed == pytest.approx(alone, rel=1e-5)
    assert padded == pytest.approx(alone, rel=1e-5)
    assert expected.keys() == found.keys()
    for name, gradient in expected.items():
        torch.testing.assert_close(found[name], gradient, rtol=1e-3, atol=1e-5)


def test_rows_that_see_each_other_are_noticed(tiny_model: Path) -> None:
    """The proof before training must fail for a model that heeds neither mask nor positions."""
    from transformers import AutoModelForCausalLM

    from assistant.training.packing import packing_is_exact

    model = AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32)
    with torch.no_grad():  # larger weights, so that what a token sees makes a difference
        for parameter in model.parameters():
            parameter.mul_(8)
    assert packing_is_exact(model, ROWS, 0)

    inner = model.model.forward
    model.model.forward = lambda attention_mask=None, position_ids=None, **rest: inner(**rest)
    assert not packing_is_exact(model, ROWS, 0)


def test_thinning_leaves_out_tokens_of_the_question_alone() -> None:
    row = TokenRow((5, 6, 7, 8, 9, 20, 21, 1), 5, question=(2, 4))
    seen = {row.thinned(0.5, random.Random(seed)) for seed in range(40)}
    assert {thin.ids for thin in seen} == {
        (5, 6, 7, 8, 9, 20, 21, 1),
        (5, 6, 7, 9, 20, 21, 1),
        (5, 6, 8, 9, 20, 21, 1),
    }
    for thin in seen:
        assert thin.ids[thin.answer_start :] == (20, 21, 1)
        assert thin.ids[slice(*thin.question)] == thin.ids[2 : thin.answer_start - 1]
    untouched = TokenRow(row.ids, 5)
    assert untouched.thinned(0.9, random.Random(0)) == untouched


def test_a_row_is_thinned_anew_in_each_epoch_and_alike_when_resumed() -> None:
    from assistant.training.packing import RowCollator

    rows = [TokenRow((*range(40), 1), 35, question=(5, 30)).columns()]
    collator = RowCollator(0, True, 0.5, seed=3)

    def ids(epoch: float) -> list[int]:
        collator.epoch = lambda: epoch
        batch: list[int] = collator(rows)["input_ids"][0].tolist()
        return batch

    assert ids(1.0) == ids(1.5)
    assert ids(1.0) != ids(2.0)
    assert RowCollator(0, True, 0.0, seed=3)(rows)["input_ids"].shape == (1, 41)


def test_the_span_of_a_question(tiny_model: Path) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    question = "What colour is the lid?"
    tokens = token_row(tokenizer, training_row("Be brief.", question, "Red."), [0])
    assert tokenizer.decode(tokens.ids[slice(*tokens.question)]) == question


def test_a_question_that_is_refused_keeps_all_its_words(tiny_model: Path) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    row = training_row("Be brief.", "What colour is the moon?", NOT_IN_DOCUMENTS)
    tokens = token_row(tokenizer, row, [0])
    assert tokens.thinned(0.9, random.Random(0)) == tokens


def test_the_answer_ends_with_the_end_of_its_turn(tiny_model: Path) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    row = training_row("Be brief.", "What colour is the lid?", "It is red.")
    tokens = token_row(tokenizer, row, [tokenizer.eos_token_id])
    assert tokenizer.decode(tokens.ids[tokens.answer_start :]) == "It is red.<|im_end|>"
    prompt = tokenizer.apply_chat_template(
        row["prompt"], add_generation_prompt=True, tokenize=False
    )
    assert tokenizer.decode(tokens.ids[: tokens.answer_start]) == prompt


def test_a_template_that_refuses_the_messages(tiny_model: Path) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    tokenizer.chat_template = "{{ raise_exception('no system message') }}"
    with pytest.raises(TrainingError, match="no system message"):
        token_row(tokenizer, training_row("Be brief.", "Why?", "So."), [0])


def test_a_thinned_question_loses_tokens_and_nothing_else_does() -> None:
    row = TokenRow((*PREFIX, *range(100, 130), 8, 9, 200, 201, 1), 37, (5, 35))
    draw = random.Random(0)
    thinned = [row.thinned(0.3, draw) for _ in range(50)]
    assert len({one.ids for one in thinned}) > 40
    for one in thinned:
        begin, end = one.question
        assert one.ids[:begin] == PREFIX and one.ids[end:] == row.ids[35:]
        assert set(one.ids[begin:end]) < set(range(100, 130))
        assert one.labels[one.answer_start :] == row.labels[row.answer_start :]
        assert one.ids[one.answer_start :] == (200, 201, 1)
    kept = sum(end - begin for begin, end in (one.question for one in thinned)) / (50 * 30)
    assert 0.6 < kept < 0.8


def test_a_row_without_a_bare_question_is_never_thinned() -> None:
    row = TokenRow((*PREFIX, 20, 21, 1), 7)
    assert row.thinned(0.9, random.Random(0)) is row


def test_columns_keep_a_row_whole() -> None:
    row = TokenRow((*PREFIX, 20, 21, 22, 1), 8, (5, 7))
    assert TokenRow.of_columns(row.columns()) == row
