"""A run's folder made ready to train: rows, model, passes, trainer, and what they will cost."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import psutil  # type: ignore[import-untyped]
import torch
from datasets.arrow_dataset import Dataset
from transformers import PreTrainedModel

from assistant.errors import TrainingError
from assistant.models import weights_sha256
from assistant.training import loading, memory, preflight
from assistant.training.arguments import (
    Passes,
    evaluation_interval,
    total_steps,
    trainer_arguments,
)
from assistant.training.estimate import ModelShape, Preflight
from assistant.training.folder import RunFolder, read_json, read_rows, write_json
from assistant.training.held_out import HeldOut
from assistant.training.packing import RowCollator, packing_is_exact
from assistant.training.process import write_process
from assistant.training.rows import TokenRow, token_row
from assistant.training.sampling import Asker
from assistant.training.settings import TrainingSettings
from assistant.training.trainer import AnswerTrainer

logger = logging.getLogger(__name__)

_VALIDATION_ROWS = 64  # at most, so that measuring does not cost more than training


@dataclass(frozen=True, slots=True)
class Preparation:
    """A run that is ready to train. every: steps from one evaluation to the next, 0 for none."""

    folder: RunFolder
    run: dict[str, Any]
    settings: TrainingSettings
    rows: list[TokenRow]
    validation: list[TokenRow]
    trainer: AnswerTrainer
    asker: Asker
    every: int
    packed: bool
    found: Preflight


@dataclass(frozen=True, slots=True)
class _Rows:
    """left_out: training rows that were longer than allowed."""

    train: list[TokenRow]
    validation: list[TokenRow]
    left_out: int


def prepare(folder: RunFolder, at_most: int | None = None, notice: str = "") -> Preparation:
    """Read the folder, load the model and set the trainer up.

    at_most: rows of one pass, where more ran out of memory, which notice says. Raises as `tune`.
    """
    run, local = read_json(folder.run), read_json(folder.local)
    if run is None or local is None:
        raise TrainingError("The folder is not that of a run: run.json or local.json is missing.")
    write_process(folder, os.getpid())
    folder.drop_incomplete_checkpoints()
    settings = TrainingSettings(**run["settings"])
    model_folder = Path(local["model_folder"])
    loading.check_model(model_folder)
    if not run["base_sha256"]:
        run["base_sha256"] = weights_sha256(model_folder)
        write_json(folder.run, run)
    if "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(_cores())
    device = loading.device()
    tokenizer = loading.load_tokenizer(model_folder)
    ends = loading.end_ids(tokenizer, model_folder)
    rows = _rows(folder, tokenizer, ends, settings.max_length)
    shape = ModelShape.in_folder(model_folder)
    disk = preflight.disk_bytes(shape, settings)
    free_disk = preflight.check_disk(folder.path, disk)
    free, total = memory.free_and_total(device)
    chosen = preflight.plan(shape, rows.train, settings, device, free, at_most)
    model = loading.load_model(model_folder, chosen.passes.qlora)
    pad_id = tokenizer.pad_token_id
    notices = [notice] if notice else []
    if pad_id is None:
        pad_id = ends[0]
        notices.append("The base model has no padding token: its end-of-text token fills the gaps.")
    longest = max(rows.train, key=lambda row: len(row.ids))
    packed = packing_is_exact(model, [longest, *rows.train[:3]], pad_id)
    asker = Asker(
        tokenizer,
        HeldOut.of(read_json(folder.held_out)),
        run["assistant"]["system_prompt"],
        ends,
        pad_id,
    )
    trainer = _trainer(folder, settings, chosen.passes, rows, model, tokenizer, pad_id, packed)
    every = 0
    if rows.validation or asker.asked:
        every = evaluation_interval(settings, len(rows.train), asker.asked)
    steps = total_steps(settings, len(rows.train))
    found = Preflight(
        device=device.type,
        device_name=preflight.device_name(device),
        rows=len(rows.train),
        validation_rows=len(rows.validation),
        left_out=rows.left_out,
        longest=len(longest.ids),
        steps=steps,
        evaluations=math.ceil(steps / every) if every else 0,
        batch_size=settings.batch_size,
        rows_at_once=chosen.passes.rows,
        accumulation=chosen.passes.accumulation,
        gradient_checkpointing=chosen.passes.checkpointing,
        qlora=chosen.passes.qlora,
        estimate=chosen.estimate,
        free_bytes=free,
        total_bytes=total,
        disk_bytes=disk,
        free_disk_bytes=free_disk,
    )
    earlier = earlier_preflight(folder)
    if earlier is not None:
        found = replace(
            found,
            measured_bytes=earlier.measured_bytes,
            step_seconds=earlier.step_seconds,
            minutes=earlier.minutes,
        )
    said = [*(earlier.notices if earlier else ()), *chosen.notices, *notices]
    found = replace(found, notices=tuple(dict.fromkeys(said)))
    write_json(folder.preflight, found.as_json())
    return Preparation(
        folder, run, settings, rows.train, rows.validation, trainer, asker, every, packed, found
    )


def measured(preparation: Preparation) -> Preparation:
    """Make one real step at the longest batch, and say what the run will cost.

    Not where that is known already, or where training has begun.
    """
    folder, found, trainer = preparation.folder, preparation.found, preparation.trainer
    if found.minutes is not None or folder.last_checkpoint() is not None:
        return preparation
    rows = sorted(preparation.rows, key=lambda row: -len(row.ids))[: found.rows_at_once]
    collator = cast(RowCollator, trainer.data_collator)
    peak, seconds = preflight.measure(trainer, collator.batch(rows), found.accumulation)
    rate = found.accumulation * sum(len(row.ids) for row in rows) / seconds  # tokens a second
    trained = sum(len(row.ids) for row in preparation.rows) * (preparation.settings.epochs or 0)
    evaluated = preparation.asker.tokens
    # A pass without gradients takes about a third of one with.
    evaluated += sum(len(row.ids) for row in preparation.validation) // 3
    minutes = (trained + evaluated * (found.evaluations + 1)) / rate / 60
    found = replace(found, measured_bytes=peak, step_seconds=seconds, minutes=minutes)
    write_json(folder.preflight, found.as_json())
    logger.info("%s", found.sentence)
    return replace(preparation, found=found)


def earlier_preflight(folder: RunFolder) -> Preflight | None:
    """What was found before this run was interrupted or ran out of memory."""
    found = read_json(folder.preflight)
    return Preflight.of(found) if found is not None else None


def _cores() -> int:
    """Physical cores that this process may use: a second thread on one only wakes and waits."""
    usable = len(psutil.Process().cpu_affinity()) if hasattr(psutil.Process, "cpu_affinity") else 0
    physical = psutil.cpu_count(logical=False) or 1
    return max(1, min(physical, usable or physical))


def _trainer(
    folder: RunFolder,
    settings: TrainingSettings,
    passes: Passes,
    rows: _Rows,
    model: PreTrainedModel,
    tokenizer: Any,
    pad_id: int,
    packed: bool,
) -> AnswerTrainer:
    collator = RowCollator(pad_id, packed, settings.question_dropout, settings.seed)
    # The validation rows are measured as they stand.
    whole = [replace(row, question=(0, 0)) for row in rows.validation]
    device, dtype = loading.device(), loading.precision()
    trainer = AnswerTrainer(
        model=model,
        args=trainer_arguments(folder, settings, passes, len(rows.train), packed, device, dtype),
        data_collator=collator,
        train_dataset=_dataset(rows.train),
        eval_dataset=_dataset(whole) if whole else None,
        processing_class=tokenizer,
        peft_config=loading.lora_config(model, settings),
        neftune_alpha=settings.neftune_alpha,
    )
    collator.epoch = lambda: trainer.state.epoch or 0.0
    return trainer


def _rows(folder: RunFolder, tokenizer: Any, ends: Sequence[int], max_length: int) -> _Rows:
    """The rows that are short enough: cutting one would cut its answer. Raises TrainingError."""
    found = {
        path: [token_row(tokenizer, row, ends) for row in read_rows(path)]
        for path in (folder.train, folder.validation)
    }
    kept = {
        path: [row for row in rows if len(row.ids) <= max_length] for path, rows in found.items()
    }
    left_out = len(found[folder.train]) - len(kept[folder.train])
    if not kept[folder.train]:
        shortest = min((len(row.ids) for row in found[folder.train]), default=0)
        raise TrainingError(
            f"All {left_out} training rows are longer than {max_length} tokens, the shortest has "
            f"{shortest}: raise the max length, or write shorter examples."
        )
    return _Rows(kept[folder.train], kept[folder.validation][:_VALIDATION_ROWS], left_out)


def _dataset(rows: Sequence[TokenRow]) -> Dataset:
    return Dataset.from_list([row.columns() for row in rows])
