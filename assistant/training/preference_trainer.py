"""TRL's DPOTrainer and KTOTrainer over rows as token ids, with replay against forgetting."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from datasets.arrow_dataset import Dataset
from transformers import Trainer
from trl.trainer.dpo_trainer import DPOTrainer
from trl.trainer.kto_trainer import KTOTrainer

from assistant.training.rows import TokenRow, padded_batch


@dataclass(frozen=True, slots=True)
class Replay:
    """Rows that the earlier run learned from, and the weight of their loss."""

    rows: Sequence[TokenRow]
    weight: float
    pad_id: int
    seed: int

    def draw(self, count: int, step: int, part: int) -> dict[str, torch.Tensor]:
        """A batch of so many rows: the same for the same part of the same step, so that a resumed
        run sees what it would have seen."""
        drawn = random.Random(f"{self.seed} {step} {part}")
        return padded_batch([drawn.choice(self.rows) for _ in range(count)], self.pad_id)


class _VotesTrainer(Trainer):
    """What both methods share.

    `useful_tokens` counts the tokens trained on so far, padding left out: of both answers of a
    pair, each with its prompt, and of the replayed rows.
    """

    def __init__(self, *args: Any, replay: Replay | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.useful_tokens = 0
        self._replay = replay
        self._part = (-1, 0)  # the step at hand and its passes so far
        assert self.model is not None
        modules: Iterable[Any] = self.model.modules()
        for module in modules:
            if hasattr(module, "cast_input_dtype_enabled"):
                # Under autocast peft's cast to the adapter's fp32 is undone at once.
                module.cast_input_dtype_enabled = not self.args.bf16

    def _prepare_dataset(self, dataset: Dataset, *rest: Any) -> Dataset:
        """The rows are token ids already."""
        return dataset

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: dict[str, torch.Tensor],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> Any:
        """The method's loss and, while training, that of the replayed rows, in nats a token."""
        loss: Any = super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
        if not model.training:
            return loss
        self.useful_tokens += int(inputs["attention_mask"].sum())
        if self._replay is not None:
            loss = loss + self._replay.weight * self._replayed_loss(model, len(inputs["input_ids"]))
        return loss

    def _replayed_loss(self, model: torch.nn.Module, count: int) -> torch.Tensor:
        assert self._replay is not None
        step = self.state.global_step
        part = self._part[1] + 1 if self._part[0] == step else 0
        self._part = (step, part)
        batch = self._replay.draw(max(1, count // self.answers_a_row), step, part)
        self.useful_tokens += int(batch.pop("useful_tokens"))
        inputs = {key: value.to(self.args.device) for key, value in batch.items()}
        loss: torch.Tensor = model(**inputs, use_cache=False, fused_lm_head=True).loss
        return loss

    answers_a_row = 1

    def forget_measuring(self) -> None:
        """As if no step had been made: TRL's running figures, and what was drawn to replay."""
        self._part = (-1, 0)
        of_trl: Any = self
        of_trl._metrics["train"].clear()
        of_trl._total_train_tokens = 0

    def evaluate(self, *args: Any, **kwargs: Any) -> dict[str, float]:
        """As TRL has it; without held-back rows only the callbacks are told."""
        if self.eval_dataset is not None:
            return super().evaluate(*args, **kwargs)
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, {})
        return {}

    def create_model_card(self, *args: Any, **kwargs: Any) -> None:
        """None for checkpoints: the run's folder explains itself."""


class PairTrainer(_VotesTrainer, DPOTrainer):
    """DPO on columns prompt_ids, chosen_ids and rejected_ids."""

    answers_a_row = 2


class JudgedTrainer(_VotesTrainer, KTOTrainer):
    """KTO on columns prompt_ids, completion_ids, KL_completion_ids and label."""


def pair_columns(chosen: TokenRow, rejected: TokenRow) -> dict[str, list[int]]:
    """A pair as a data set's columns; both answers follow what the two rows begin with alike."""
    start = min(chosen.answer_start, rejected.answer_start)
    return {
        "prompt_ids": list(chosen.ids[:start]),
        "chosen_ids": list(chosen.ids[start:]),
        "rejected_ids": list(rejected.ids[start:]),
    }


def judged_columns(
    rows: Sequence[tuple[TokenRow, bool]], at_once: int
) -> list[dict[str, list[int] | bool]]:
    """Judged answers as a data set's columns, each with the answer of the row before it.

    KTO estimates how far the model has moved from answers that belong to other prompts of the same
    pass (section 4.2 of the paper), so rows go round by passes of `at_once`; a single one that is
    left over takes the answer of the row before it. At least two rows are wanted.
    """
    answers = [list(row.ids[row.answer_start :]) for row, _ in rows]
    columns: list[dict[str, list[int] | bool]] = []
    for place, (row, good) in enumerate(rows):
        begin = place - place % at_once
        last = min(begin + at_once, len(rows)) - 1
        other = place - 1 if place > begin or last == begin else last
        columns.append(
            {
                "prompt_ids": list(row.ids[: row.answer_start]),
                "completion_ids": answers[place],
                "KL_completion_ids": answers[other],
                "label": good,
            }
        )
    return columns
