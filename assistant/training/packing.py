"""Rows as batches for the trainer, and the proof that a model may have them packed."""

from __future__ import annotations

import logging
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from transformers import PreTrainedModel

from assistant.training.rows import TokenRow, padded_batch, shared_prefix_batch
from assistant.training.trainer import add_answer_losses

logger = logging.getLogger(__name__)

Columns = Sequence[dict[str, list[int]]]

_SEQUENCE_TOKENS = 512  # of one packed sequence: measured, tests/benchmarks/training.py
_SAME = 0.05  # nats a token, far above the rounding of bf16 and far below what leaking rows show


@dataclass(slots=True)
class RowCollator:
    """Rows as a batch, with a part of their questions' tokens left out.

    epoch: tells the passes over the rows so far, whole and begun. A row is thinned by a draw of
    its own for each epoch, so that a resumed run sees what it would have seen.
    """

    pad_id: int
    packed: bool
    question_dropout: float
    seed: int
    epoch: Callable[[], float] = float

    def __call__(self, columns: Columns) -> dict[str, torch.Tensor]:
        rows = [TokenRow.of_columns(row) for row in columns]
        if self.question_dropout:
            rows = [row.thinned(self.question_dropout, self._draw(row)) for row in rows]
        return self.batch(rows)

    def batch(self, rows: Sequence[TokenRow]) -> dict[str, torch.Tensor]:
        """The rows as they stand."""
        if self.packed:
            return shared_prefix_batch(rows, self.pad_id, _SEQUENCE_TOKENS)
        return padded_batch(rows, self.pad_id)

    def _draw(self, row: TokenRow) -> random.Random:
        return random.Random(f"{self.seed} {math.floor(self.epoch() + 1e-6)} {row.ids}")


def packing_is_exact(model: PreTrainedModel, rows: Sequence[TokenRow], pad_id: int) -> bool:
    """Whether this model gives rows that share a sequence the losses that they have one by one.

    True for attention that heeds the mask and the positions; not for state-space layers, sliding
    windows shorter than a sequence, or attention that makes its own mask. Measured on the model
    itself, in its own precision: leaking rows are off by far more than its rounding.
    """
    add_answer_losses(model)
    own = [losses_of(model, padded_batch([row], pad_id)) for row in rows]
    together = losses_of(model, shared_prefix_batch(rows, pad_id, capacity=10**6))
    order = sorted(range(len(rows)), key=lambda index: -len(rows[index].ids))
    difference = (torch.cat([own[index] for index in order]) - together).abs().mean().item()
    logger.info("Rows packed and one by one differ by %.4f nats a token", difference)
    return math.isfinite(difference) and difference < _SAME


def losses_of(model: PreTrainedModel, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    """Losses of the answer tokens of a batch, flat, in nats, without gradient."""
    inputs = {key: value.to(model.device) for key, value in batch.items() if key != "useful_tokens"}
    with torch.no_grad():
        losses: torch.Tensor = model(**inputs, answer_losses=True)
    return losses.float().cpu()
