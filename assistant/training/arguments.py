"""How a run's settings become steps, passes and the arguments of TRL's trainer."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from trl.trainer.sft_config import SFTConfig

from assistant.training.folder import RunFolder
from assistant.training.settings import TrainingSettings

_SCHEDULES = {"cosine": "cosine", "linear": "linear", "constant": "constant_with_warmup"}
_EVALUATIONS = 8  # over a run at most, beside the one before it
_CHECKPOINTS = 10  # over a run
_ROWS_A_QUESTION = 9  # rows trained on for each question asked meanwhile


@dataclass(frozen=True, slots=True)
class Passes:
    """rows: of one forward pass. accumulation: passes of one step. checkpointing: of gradients."""

    rows: int
    accumulation: int
    checkpointing: bool = False
    qlora: bool = False


def micro_batches(batch_size: int, longest: int, tokens: int) -> tuple[int, int]:
    """Rows of one forward pass and passes of one optimiser step, whose product is the batch size.

    longest: tokens of the longest row. tokens: that one pass may hold.
    """
    return divided(batch_size, tokens // longest)


def divided(batch_size: int, most: int) -> tuple[int, int]:
    """The most rows of a pass that divide the batch, and how many passes that gives."""
    most = max(1, min(batch_size, most))
    rows = max(size for size in range(1, most + 1) if batch_size % size == 0)
    return rows, batch_size // rows


def total_steps(settings: TrainingSettings, rows: int) -> int:
    """Optimiser steps of the whole run."""
    assert settings.epochs is not None
    return math.ceil(math.ceil(rows / settings.batch_size) * settings.epochs)


def evaluation_interval(settings: TrainingSettings, rows: int, asked: int) -> int:
    """Steps from one evaluation to the next.

    asked: questions of each. A run of few rows is evaluated seldom: about one question for each
    nine rows trained on, so that asking costs less than a tenth of the time, but twice at least.
    """
    steps = total_steps(settings, rows)
    passes = steps * settings.batch_size
    evaluations = _EVALUATIONS
    if asked:
        evaluations = min(max(passes // (_ROWS_A_QUESTION * asked), 2), _EVALUATIONS)
    return max(1, math.ceil(steps / evaluations))


def trainer_arguments(
    folder: RunFolder,
    settings: TrainingSettings,
    passes: Passes,
    rows: int,
    packed: bool,
    device: torch.device,
    dtype: torch.dtype,
) -> SFTConfig:
    """TRL's arguments for a run of so many rows, in the precision of the base model's weights."""
    assert settings.epochs is not None and settings.learning_rate is not None
    steps = total_steps(settings, rows)
    return SFTConfig(
        output_dir=str(folder.checkpoints),
        num_train_epochs=settings.epochs,
        per_device_train_batch_size=passes.rows,
        per_device_eval_batch_size=passes.rows,
        gradient_accumulation_steps=passes.accumulation,
        learning_rate=settings.learning_rate,
        lr_scheduler_type=_SCHEDULES[settings.schedule],
        warmup_steps=math.ceil(steps * settings.warmup),
        weight_decay=settings.weight_decay,
        seed=settings.seed,
        data_seed=settings.seed,
        max_length=None,
        # Packed rows waste nothing however long; padded ones go with rows of their own length.
        train_sampling_strategy="random" if packed else "group_by_length",
        use_cpu=device.type == "cpu",
        bf16=dtype == torch.bfloat16,
        fp16=dtype == torch.float16,
        gradient_checkpointing=passes.checkpointing,
        logging_strategy="steps",
        logging_steps=1,
        logging_nan_inf_filter=False,
        eval_strategy="no",  # the callback says when, also where there are only questions to ask
        save_strategy="steps",
        save_steps=max(1, math.ceil(steps / _CHECKPOINTS)),
        save_total_limit=2,
        remove_unused_columns=False,  # the span of the question is one that no model takes
        report_to="none",
        disable_tqdm=True,
        dataloader_num_workers=0,
        ddp_find_unused_parameters=False,
        dataloader_pin_memory=device.type == "cuda",
    )
