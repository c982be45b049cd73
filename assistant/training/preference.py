"""The worker's part for runs on votes: a copy of an adapter goes on by DPO or KTO."""

from __future__ import annotations

import logging
import math
import os
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from datasets.arrow_dataset import Dataset
from peft import PeftModel
from transformers import PreTrainedModel, TrainerControl, TrainerState, TrainingArguments
from trl.trainer.dpo_config import DPOConfig
from trl.trainer.kto_config import KTOConfig

from assistant.errors import ModelError, TrainingError
from assistant.models import file_sha256, weights_sha256
from assistant.training import loading, ranks
from assistant.training.arguments import divided, total_steps
from assistant.training.folder import RunFolder, checkpoint_step, read_json, read_rows, write_json
from assistant.training.held_out import HeldOut
from assistant.training.preference_settings import PreferenceSettings
from assistant.training.preference_trainer import (
    JudgedTrainer,
    PairTrainer,
    Replay,
    judged_columns,
    pair_columns,
)
from assistant.training.process import write_process
from assistant.training.progress import append_progress
from assistant.training.rows import TokenRow, token_row
from assistant.training.sampling import Asker
from assistant.training.saving import save_adapter
from assistant.training.settings import TrainingSettings
from assistant.training.trainer import AnswerTrainer
from assistant.training.tuning import end_line
from assistant.training.watching import ProgressCallback

logger = logging.getLogger(__name__)

_PASS_TOKENS = {"cuda": 8192, "mps": 2048, "cpu": 2048}  # half of SFT's: the reference is held too
_EVALUATIONS = 4  # over a run, beside the one before it
_CHECKPOINTS = 10  # over a run

VotesTrainer = PairTrainer | JudgedTrainer


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows as columns. left_out: training rows that are longer than allowed."""

    train: list[dict[str, Any]]
    validation: list[dict[str, Any]]
    left_out: int
    at_once: int


def train_on_preferences(folder: RunFolder) -> None:
    """Train what the folder asks for, going on from its last whole checkpoint.

    Raises TrainingError or ModelError with a sentence; whatever else comes out of torch is the
    caller's to put into one.
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
    tokenizer = loading.load_tokenizer(model_folder)
    ends = loading.end_ids(tokenizer, model_folder)
    rows = _rows(folder, chosen.method, tokenizer, ends, settings)
    model = _load_parent(folder, run, loading.load_model(model_folder, False))
    pad_id = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else ends[0]
    replayed = [token_row(tokenizer, row, ends) for row in read_rows(folder.replay)]
    replayed = [row for row in replayed if len(row.ids) <= settings.max_length]
    replay = Replay(replayed, chosen.replay_weight, pad_id, settings.seed) if replayed else None
    trainer = _trainer(folder, settings, chosen, rows, model, tokenizer, replay)
    asker = Asker(
        tokenizer,
        HeldOut.of(read_json(folder.held_out)),
        run["assistant"]["system_prompt"],
        ends,
        pad_id,
    )
    steps = total_steps(settings, len(rows.train))
    every = max(1, math.ceil(steps / _EVALUATIONS)) if rows.validation or asker.asked else 0
    _finish(folder, run, trainer, asker, every, rows.left_out)


class PreferenceProgress(ProgressCallback):
    """Also says how far the held-back answers are told apart."""

    def on_evaluate(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        metrics: dict[str, float] | None = None,
        **kwargs: Any,
    ) -> None:
        super().on_evaluate(args, state, control, metrics, **kwargs)
        told = {
            "reward_margin": (metrics or {}).get("eval_rewards/margins"),
            "reward_accuracy": (metrics or {}).get("eval_rewards/accuracies"),
        }
        if state.global_step and any(value is not None for value in told.values()):
            append_progress(self._folder.progress, {"step": state.global_step, **told})


def _finish(
    folder: RunFolder,
    run: dict[str, Any],
    trainer: VotesTrainer,
    asker: Asker,
    every: int,
    left_out: int,
) -> None:
    """Train, and leave adapter/ and done.json."""
    checkpoint = folder.last_checkpoint()
    begun = checkpoint_step(checkpoint) if checkpoint is not None else 0
    earlier = folder.read_progress().steps
    seconds = max((step.seconds for step in earlier if step.step <= begun), default=0.0)
    if checkpoint is None:
        folder.progress.unlink(missing_ok=True)
    else:
        end_line(folder.progress)
    watched = cast(AnswerTrainer, trainer)  # it looks at what both have
    progress = PreferenceProgress(folder, watched, asker, None, every, 0, seconds)
    trainer.add_callback(progress)
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint is not None else None)
    model = cast(PeftModel, trainer.model)
    sha256 = save_adapter(model, folder.adapter, run["base_model"])
    said = folder.read_progress()
    recalls = [one.held_out_recall for one in said.steps if one.held_out_recall is not None]
    losses = [one.validation_loss for one in said.steps if one.validation_loss is not None]
    margins = [one.reward_margin for one in said.steps if one.reward_margin is not None]
    write_json(
        folder.done,
        {
            "stopped": progress.stopped,
            "steps": trainer.state.global_step,
            "loss": said.steps[-1].loss if said.steps else None,
            "validation_loss": losses[-1] if losses else None,
            "reward_margin": margins[-1] if margins else None,
            "held_out_recall_before": said.untrained_recall,
            "held_out_recall": recalls[-1] if recalls else None,
            "seconds": round(progress.seconds, 1),
            "useful_tokens": trainer.useful_tokens,
            "rows_left_out": left_out,
            "adapter_sha256": sha256,
            "base_sha256": run["base_sha256"],
            "device": trainer.args.device.type,
        },
    )


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


def _rows(
    folder: RunFolder,
    method: str,
    tokenizer: Any,
    ends: Sequence[int],
    settings: TrainingSettings,
) -> _Rows:
    """The rows that are short enough, those of training in their order of the seed."""
    found = {}
    for path in (folder.train, folder.validation):
        tokens = [_tokens(tokenizer, row, ends) for row in read_rows(path)]
        found[path] = [
            (parts, good)
            for parts, good in tokens
            if all(len(part.ids) <= settings.max_length for part in parts)
        ]
        left_out = len(tokens) - len(found[path])
        if path == folder.train:
            trained_left_out = left_out
    train, validation = found[folder.train], found[folder.validation]
    if len(train) < 2:
        raise TrainingError(
            f"Of the votes {len(train)} fit into {settings.max_length} tokens, and two are the "
            f"least; {trained_left_out} are longer: train on the examples with a larger max "
            "length, and on the votes from there."
        )
    # KTO goes through its rows in one order, since each is paired with a neighbour.
    random.Random(settings.seed).shuffle(train)
    longest = max(len(part.ids) for parts, _ in train for part in parts)
    parts = 2 if method == "dpo" else 1
    most = _PASS_TOKENS[loading.device().type] // (parts * longest)
    at_once, _ = divided(settings.batch_size, max(most, 1 if method == "dpo" else 2))
    return _Rows(
        _columns(method, train, at_once),
        _columns(method, validation, max(2, len(validation))),
        trained_left_out,
        at_once,
    )


def _tokens(
    tokenizer: Any, row: dict[str, Any], ends: Sequence[int]
) -> tuple[tuple[TokenRow, ...], bool]:
    """The answers of a row, each after its prompt, and whether it is a good one."""
    if "label" in row:
        return (token_row(tokenizer, row, ends),), row["label"]
    answers = ({"prompt": row["prompt"], "completion": row[key]} for key in ("chosen", "rejected"))
    return tuple(token_row(tokenizer, answer, ends) for answer in answers), True


def _columns(
    method: str, rows: Sequence[tuple[tuple[TokenRow, ...], bool]], at_once: int
) -> list[dict[str, Any]]:
    if method == "dpo":
        return [dict(pair_columns(*parts)) for parts, _ in rows]
    return [dict(one) for one in judged_columns([(p[0], good) for p, good in rows], at_once)]


def _trainer(
    folder: RunFolder,
    settings: TrainingSettings,
    chosen: PreferenceSettings,
    rows: _Rows,
    model: PeftModel,
    tokenizer: Any,
    replay: Replay | None,
) -> VotesTrainer:
    common = _arguments(folder, settings, rows)
    given: dict[str, Any] = {
        "model": model,
        "train_dataset": Dataset.from_list(rows.train),
        "eval_dataset": Dataset.from_list(rows.validation) if rows.validation else None,
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


def _arguments(folder: RunFolder, settings: TrainingSettings, rows: _Rows) -> dict[str, Any]:
    """Arguments of transformers' trainer, alike for both methods."""
    steps = total_steps(settings, len(rows.train))
    device, dtype = loading.device(), loading.precision()
    return {
        "output_dir": str(folder.checkpoints),
        "num_train_epochs": settings.epochs,
        "per_device_train_batch_size": rows.at_once,
        "per_device_eval_batch_size": max(2, min(len(rows.validation), rows.at_once)),
        "gradient_accumulation_steps": settings.batch_size // rows.at_once,
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
