"""A folder of a run on votes made ready to train: rows, adapter, trainer, and what it will cost."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import torch
from datasets.arrow_dataset import Dataset
from peft import PeftModel
from transformers import PreTrainedModel
from trl.trainer.dpo_config import DPOConfig
from trl.trainer.kto_config import KTOConfig

from assistant.errors import ModelError, TrainingError
from assistant.models import file_sha256, weights_sha256
from assistant.training import loading, memory, preflight, ranks
from assistant.training.arguments import divided, total_steps
from assistant.training.estimate import (
    GIB,
    MemoryEstimate,
    ModelShape,
    Preflight,
    estimated_memory,
)
from assistant.training.folder import RunFolder, read_json, read_rows, write_json
from assistant.training.halving import earlier_preflight
from assistant.training.held_out import HeldOut
from assistant.training.preference_rows import Judged, columns, tokens_of, vote_rows
from assistant.training.preference_settings import PreferenceSettings
from assistant.training.preference_trainer import (
    JudgedTrainer,
    PairTrainer,
    Replay,
)
from assistant.training.process import write_process
from assistant.training.rows import TokenRow, token_row
from assistant.training.sampling import Asker
from assistant.training.settings import TrainingSettings
from assistant.training.trainer import AnswerTrainer

logger = logging.getLogger(__name__)

FEWEST = {"dpo": 1, "kto": 2}
"""Rows of one pass, at least, by method: KTO's are paired with a neighbour."""

_PASS_TOKENS = {"cuda": 8192, "mps": 2048, "cpu": 2048}  # half of SFT's: the reference is held too
_EVALUATIONS = 4  # over a run, beside the one before it
_CHECKPOINTS = 10  # over a run

VotesTrainer = PairTrainer | JudgedTrainer


@dataclass(frozen=True, slots=True)
class VotesPreparation:
    """A run on votes that is ready to train. longest: columns of the longest rows, of one pass.
    every: steps from one evaluation to the next, 0 for none."""

    folder: RunFolder
    run: dict[str, Any]
    settings: TrainingSettings
    trainer: VotesTrainer
    asker: Asker
    every: int
    longest: list[dict[str, Any]]
    found: Preflight


def prepare_votes(
    folder: RunFolder, at_most: int | None = None, notice: str = ""
) -> VotesPreparation:
    """Read the folder, load the model with the adapter that goes on, and set the trainer up.

    at_most: rows of one pass, where more ran out of memory, which notice says. Raises TrainingError
    and ModelError with a sentence.
    """
    if ranks.world_size() > 1:
        raise TrainingError(
            "Votes train in one process: start `python -m assistant.training` on this run's folder "
            "without a launcher."
        )
    run, local = read_json(folder.run), read_json(folder.local)
    if run is None or local is None:
        raise TrainingError("The folder is not that of a run: run.json or local.json is missing.")
    write_process(folder, os.getpid())
    folder.drop_incomplete_checkpoints()
    settings = TrainingSettings(**run["settings"])
    chosen = PreferenceSettings.of(run["preference"])
    model_folder = Path(local["model_folder"])
    loading.check_model(model_folder)
    if not run["base_sha256"]:
        run["base_sha256"] = weights_sha256(model_folder)
        write_json(folder.run, run)
    loading.set_threads()
    device = loading.device()
    tokenizer = loading.load_tokenizer(model_folder)
    ends = loading.end_ids(tokenizer, model_folder)
    rows = vote_rows(folder, tokenizer, ends, settings)
    replayed = [token_row(tokenizer, row, ends) for row in read_rows(folder.replay)]
    replayed = [row for row in replayed if len(row.ids) <= settings.max_length]
    shape = ModelShape.in_folder(model_folder)
    disk = preflight.disk_bytes(shape, settings)
    free_disk = preflight.check_disk(folder.path, disk)
    free, total = memory.free_and_total(device)
    at_once, estimate, notices = _planned(
        chosen.method, rows.train, replayed, shape, settings, device, free, at_most
    )
    model = _load_parent(folder, run, loading.load_model(model_folder, False))
    pad_id = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else ends[0]
    replay = Replay(replayed, chosen.replay_weight, pad_id, settings.seed) if replayed else None
    train = columns(chosen.method, rows.train, at_once)
    validation = columns(chosen.method, rows.validation, max(2, len(rows.validation)))
    trainer = _trainer(
        folder, settings, chosen, train, validation, at_once, model, tokenizer, replay
    )
    asker = Asker(
        tokenizer,
        HeldOut.of(read_json(folder.held_out)),
        run["assistant"]["system_prompt"],
        ends,
        pad_id,
    )
    steps = total_steps(settings, len(train))
    every = max(1, math.ceil(steps / _EVALUATIONS)) if validation or asker.asked else 0
    longest = sorted(train, key=lambda row: -tokens_of(row))[:at_once]
    found = Preflight(
        device=device.type,
        device_name=preflight.device_name(device),
        rows=len(train),
        validation_rows=len(validation),
        left_out=rows.left_out,
        longest=max(len(part.ids) for parts, _ in rows.train for part in parts),
        steps=steps,
        evaluations=math.ceil(steps / every) if every else 0,
        batch_size=settings.batch_size,
        rows_at_once=at_once,
        accumulation=settings.batch_size // at_once,
        gradient_checkpointing=False,
        qlora=False,
        estimate=estimate,
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
    said = [*(earlier.notices if earlier else ()), *notices, *([notice] if notice else [])]
    found = replace(found, notices=tuple(dict.fromkeys(said)))
    write_json(folder.preflight, found.as_json())
    return VotesPreparation(folder, run, settings, trainer, asker, every, longest, found)


def measured_votes(preparation: VotesPreparation) -> VotesPreparation:
    """Make one real step at the longest rows, and say what the run will cost.

    Not where that is known already, or where training has begun.
    """
    folder, found, trainer = preparation.folder, preparation.found, preparation.trainer
    if found.minutes is not None or folder.last_checkpoint() is not None:
        return preparation
    watched = cast(AnswerTrainer, trainer)  # measuring looks at what both have
    batch = trainer.data_collator(preparation.longest)
    peak, seconds = preflight.measure(watched, batch, found.accumulation)
    trainer.forget_measuring()
    trained = sum(map(tokens_of, cast(Any, trainer.train_dataset)))
    evaluated = preparation.asker.tokens
    if trainer.eval_dataset is not None:
        # A pass without gradients takes about a third of one with.
        evaluated += sum(map(tokens_of, cast(Any, trainer.eval_dataset))) // 3
    # Tokens a second.
    rate = found.accumulation * sum(map(tokens_of, preparation.longest)) / seconds
    epochs = preparation.settings.epochs or 0
    minutes = (trained * epochs + evaluated * (found.evaluations + 1)) / rate / 60
    found = replace(found, measured_bytes=peak, step_seconds=seconds, minutes=minutes)
    write_json(folder.preflight, found.as_json())
    logger.info("%s", found.sentence)
    return replace(preparation, found=found)


def _planned(
    method: str,
    rows: Sequence[Judged],
    replayed: Sequence[TokenRow],
    shape: ModelShape,
    settings: TrainingSettings,
    device: torch.device,
    free: int,
    at_most: int | None,
) -> tuple[int, MemoryEstimate, list[str]]:
    """The most rows of a pass that fit by estimate, that estimate, and what is to be said of them.

    Of a pair both answers are held, and a replayed row for each row; TRL keeps the logits of whole
    rows. Raises TrainingError where not even the fewest rows fit.
    """
    fewest = FEWEST[method]
    longest = max(len(part.ids) for parts, _ in rows for part in parts)
    held = (2 if method == "dpo" else 1) * longest
    quickest = max(_PASS_TOKENS[device.type] // held, fewest)
    wanted, _ = divided(settings.batch_size, min(quickest, max(at_most or quickest, fewest)))
    held += max((len(row.ids) for row in replayed), default=0)
    at_once = wanted
    while True:
        estimate = estimated_memory(
            shape,
            tokens=at_once * held,
            answer_tokens=at_once * held,
            rank=settings.rank,
            target_layers=settings.target_layers,
            device=device.type,
            weight_bytes=loading.precision().itemsize,
        )
        if preflight.fits(estimate, free):
            accumulation = settings.batch_size // at_once
            said = preflight.fewer_rows(at_once, wanted, accumulation, free)
            return at_once, estimate, said
        if at_once <= fewest:
            raise TrainingError(
                f"{fewest} of the votes' rows at a time, of {longest} tokens, need about "
                f"{estimate.total / GIB:.1f} GiB, and {free / GIB:.1f} GiB are free: close other "
                "programs, or train on votes from a run of a smaller base model."
            )
        at_once, _ = divided(settings.batch_size, at_once // 2)


def _load_parent(folder: RunFolder, run: dict[str, Any], base: PreTrainedModel) -> PeftModel:
    """The base model with the adapter that goes on. Raises ModelError where it is another one."""
    weights = folder.parent / "adapter_model.safetensors"
    wanted = run["parent"]["adapter_sha256"]
    if not weights.is_file() or file_sha256(weights) != wanted:
        raise ModelError(
            f"The adapter of run {run['parent']['run']} in this run's folder is missing or was "
            "changed: start the training on votes again."
        )
    model: PeftModel = PeftModel.from_pretrained(base, str(folder.parent), is_trainable=True)
    return model


def _trainer(
    folder: RunFolder,
    settings: TrainingSettings,
    chosen: PreferenceSettings,
    train: list[dict[str, Any]],
    validation: list[dict[str, Any]],
    at_once: int,
    model: PeftModel,
    tokenizer: Any,
    replay: Replay | None,
) -> VotesTrainer:
    common = _arguments(folder, settings, len(train), len(validation), at_once)
    given: dict[str, Any] = {
        "model": model,
        "train_dataset": Dataset.from_list(train),
        "eval_dataset": Dataset.from_list(validation) if validation else None,
        "processing_class": tokenizer,
        "replay": replay,
    }
    if chosen.method == "dpo":
        losses = ["sigmoid", "sft"] if chosen.sft_weight else ["sigmoid"]
        weights = [1.0, chosen.sft_weight] if chosen.sft_weight else [1.0]
        return PairTrainer(
            args=DPOConfig(beta=chosen.beta, loss_type=losses, loss_weights=weights, **common),
            **given,
        )
    return JudgedTrainer(
        args=KTOConfig(
            beta=chosen.beta,
            desirable_weight=chosen.good_weight,
            undesirable_weight=chosen.bad_weight,
            **common,
        ),
        **given,
    )


def _arguments(
    folder: RunFolder, settings: TrainingSettings, train: int, validation: int, at_once: int
) -> dict[str, Any]:
    """Arguments of transformers' trainer, alike for both methods. train, validation: rows."""
    steps = total_steps(settings, train)
    device, dtype = loading.device(), loading.precision()
    return {
        "output_dir": str(folder.checkpoints),
        "num_train_epochs": settings.epochs,
        "per_device_train_batch_size": at_once,
        "per_device_eval_batch_size": max(2, min(validation, at_once)),
        "gradient_accumulation_steps": settings.batch_size // at_once,
        "learning_rate": settings.learning_rate,
        "lr_scheduler_type": "cosine",
        "warmup_steps": math.ceil(steps * settings.warmup),
        "weight_decay": settings.weight_decay,
        "seed": settings.seed,
        "data_seed": settings.seed,
        "max_length": None,
        "use_cpu": device.type == "cpu",
        "bf16": dtype == torch.bfloat16,
        "fp16": dtype == torch.float16,
        "gradient_checkpointing": False,
        "logging_strategy": "steps",
        "logging_steps": 1,
        "logging_nan_inf_filter": False,
        "eval_strategy": "no",  # the callback says when, also where there are only questions to ask
        "save_strategy": "steps",
        "save_steps": max(1, math.ceil(steps / _CHECKPOINTS)),
        "save_total_limit": 2,
        "report_to": "none",
        "disable_tqdm": True,
        "dataloader_num_workers": 0,
        "dataloader_pin_memory": device.type == "cuda",
    }
