"""The fine-tuning itself: a LoRA adapter on all linear layers, from a run's folder into it."""

from __future__ import annotations

import logging
import math
import os
import random
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import torch
from datasets.arrow_dataset import Dataset
from peft import LoraConfig, PeftModel, get_peft_model_state_dict
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel
from transformers.utils.import_utils import is_torch_bf16_gpu_available
from trl.trainer.sft_config import SFTConfig

from assistant.errors import ModelError, TrainingError
from assistant.models import file_sha256, weights_sha256
from assistant.training.folder import RunFolder, read_json, read_rows, write_json
from assistant.training.process import write_process
from assistant.training.rows import TokenRow, padded_batch, shared_prefix_batch, token_row
from assistant.training.settings import TrainingSettings
from assistant.training.trainer import AnswerTrainer, ProgressCallback, add_answer_losses

logger = logging.getLogger(__name__)

Columns = Sequence[dict[str, list[int]]]

# Tokens of a micro-batch and of one sequence in it: measured, tests/benchmarks/training.py.
_MICRO_BATCH_TOKENS = {"cuda": 16384, "mps": 4096, "cpu": 4096}
_SEQUENCE_TOKENS = 512
_EVALUATIONS = 8  # over a run, beside the one before it
_CHECKPOINTS = 10  # over a run
_VALIDATION_ROWS = 64  # at most, so that measuring does not cost more than training


@dataclass(frozen=True, slots=True)
class Preparation:
    """A run that is ready to train. left_out: training rows that were longer than allowed."""

    folder: RunFolder
    run: dict[str, Any]
    trainer: AnswerTrainer
    packed: bool
    left_out: int


def tune(folder: RunFolder) -> None:
    """Train what the folder asks for, going on from its last whole checkpoint.

    Raises TrainingError or ModelError with a sentence; whatever else comes out of torch is the
    caller's to put into one.
    """
    finish(prepare(folder))


def prepare(folder: RunFolder) -> Preparation:
    """Read the folder, load the model and set the trainer up. Raises as `tune`."""
    run, local = read_json(folder.run), read_json(folder.local)
    if run is None or local is None:
        raise TrainingError("The folder is not that of a run: run.json or local.json is missing.")
    write_process(folder, os.getpid())
    folder.drop_incomplete_checkpoints()
    settings = TrainingSettings(**run["settings"])
    model_folder = Path(local["model_folder"])
    if not (model_folder / "config.json").is_file():
        raise ModelError(
            f"The base model is no longer in {model_folder}: fetch it again, or choose another one."
        )
    if not run["base_sha256"]:
        run["base_sha256"] = weights_sha256(model_folder)
        write_json(folder.run, run)
    tokenizer, model = _load(model_folder)
    train, left_out = _token_rows(folder.train, tokenizer, model, settings.max_length)
    validation, _ = _token_rows(folder.validation, tokenizer, model, settings.max_length)
    whole = [replace(row, question=(0, 0)) for row in validation]  # measured as they stand
    if not train:
        raise TrainingError(
            f"All {left_out} training rows are longer than {settings.max_length} tokens: raise the "
            "max length, or write shorter examples."
        )
    pad_id = (
        tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id
    )
    device = _device()
    torch.nn.Module.to(model, device)
    longest = max(train, key=lambda row: len(row.ids))
    packed = packing_is_exact(model, [longest, *train[:3]], pad_id)
    collator = RowCollator(pad_id, packed, settings.question_dropout, settings.seed)
    trainer = AnswerTrainer(
        model=model,
        args=_arguments(folder, settings, train, bool(validation), device, packed),
        data_collator=collator,
        train_dataset=_dataset(train),
        eval_dataset=_dataset(whole[:_VALIDATION_ROWS]) if validation else None,
        processing_class=tokenizer,
        peft_config=LoraConfig(
            r=settings.rank,
            lora_alpha=settings.alpha,
            lora_dropout=settings.dropout,
            target_modules="all-linear",
            task_type="CAUSAL_LM",
        ),
    )
    collator.epoch = lambda: trainer.state.epoch or 0.0
    return Preparation(folder, run, trainer, packed, left_out)


def finish(preparation: Preparation) -> None:
    """Train, and leave adapter/ and done.json."""
    folder, run, trainer = preparation.folder, preparation.run, preparation.trainer
    checkpoint = folder.last_checkpoint()
    earlier = folder.read_progress().steps
    begun = int(checkpoint.name.rpartition("-")[2]) if checkpoint is not None else 0
    seconds = max((step.seconds for step in earlier if step.step <= begun), default=0.0)
    if checkpoint is None:
        folder.progress.unlink(missing_ok=True)
    else:
        end_line(folder.progress)
    progress = ProgressCallback(folder, trainer, seconds)
    trainer.add_callback(progress)
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint is not None else None)
    tuned = cast(PeftModel, trainer.model)
    sha256 = save_adapter(tuned, folder, run["base_model"])
    steps = folder.read_progress().steps
    validated = [step.validation_loss for step in steps if step.validation_loss is not None]
    write_json(
        folder.done,
        {
            "stopped": progress.stopped,
            "steps": trainer.state.global_step,
            "loss": steps[-1].loss if steps else None,
            "validation_loss": validated[-1] if validated else None,
            "seconds": round(progress.seconds, 1),
            "useful_tokens": trainer.useful_tokens,
            "packed": preparation.packed,
            "rows_left_out": preparation.left_out,
            "adapter_sha256": sha256,
            "base_sha256": run["base_sha256"],
            "device": trainer.args.device.type,
        },
    )


def save_adapter(model: PeftModel, folder: RunFolder, base_model: str) -> str:
    """Write the adapter in bf16 to `adapter/`, whole or not at all; return its weights' SHA-256.

    base_model: its portable name, which takes the place of the path on this machine.
    """
    temporary = folder.path / ".adapter.new"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    weights = get_peft_model_state_dict(model, save_embedding_layers=False)
    tensors = {
        name: t.detach().to("cpu", torch.bfloat16).contiguous() for name, t in weights.items()
    }
    save_file(tensors, temporary / "adapter_model.safetensors", metadata={"format": "pt"})
    config = cast(LoraConfig, model.peft_config["default"])
    config.base_model_name_or_path = base_model
    config.inference_mode = True
    config.target_modules = sorted(config.target_modules or ())  # a set has no order of its own
    config.save_pretrained(str(temporary))
    for path in temporary.iterdir():
        with path.open("r+b") as file:
            os.fsync(file.fileno())
    old = folder.path / ".adapter.old"
    shutil.rmtree(old, ignore_errors=True)
    if folder.adapter.exists():
        folder.adapter.rename(old)
    temporary.rename(folder.adapter)
    shutil.rmtree(old, ignore_errors=True)
    return file_sha256(folder.adapter / "adapter_model.safetensors")


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
    return math.isfinite(difference) and difference < 0.05


def losses_of(model: PreTrainedModel, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    """Losses of the answer tokens of a batch, flat, in nats, without gradient."""
    inputs = {key: value.to(model.device) for key, value in batch.items() if key != "useful_tokens"}
    with torch.no_grad():
        losses: torch.Tensor = model(**inputs, answer_losses=True)
    return losses.float().cpu()


def end_line(path: Path) -> None:
    """Cut off a last line that a kill left unfinished."""
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if whole != content:
        path.write_bytes(whole)


def _load(model_folder: Path) -> tuple[Any, PreTrainedModel]:
    try:
        tokenizer = AutoTokenizer.from_pretrained(model_folder, local_files_only=True)
        model = AutoModelForCausalLM.from_pretrained(
            model_folder,
            dtype=torch.bfloat16 if _bf16() else torch.float32,
            use_safetensors=True,
            local_files_only=True,
        )
    except (OSError, ValueError) as error:
        raise ModelError(f"The base model in {model_folder} cannot be loaded: {error}.") from error
    return tokenizer, model


def _token_rows(
    path: Path, tokenizer: Any, model: PreTrainedModel, max_length: int
) -> tuple[list[TokenRow], int]:
    """The rows that are short enough, and how many were not: cutting one would cut its answer."""
    eos = model.generation_config.eos_token_id
    ids = eos if isinstance(eos, list) else [eos] if eos is not None else []
    if tokenizer.eos_token_id is not None and tokenizer.eos_token_id not in ids:
        ids = [tokenizer.eos_token_id, *ids]
    if not ids:
        raise TrainingError("The base model has no end-of-text token: choose an instruct model.")
    rows = [token_row(tokenizer, row, ids) for row in read_rows(path)]
    kept = [row for row in rows if len(row.ids) <= max_length]
    return kept, len(rows) - len(kept)


def _dataset(rows: Sequence[TokenRow]) -> Dataset:
    return Dataset.from_list([row.columns() for row in rows])


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
        if self.packed:
            return shared_prefix_batch(rows, self.pad_id, _SEQUENCE_TOKENS)
        return padded_batch(rows, self.pad_id)

    def _draw(self, row: TokenRow) -> random.Random:
        return random.Random(f"{self.seed} {math.floor(self.epoch() + 1e-6)} {row.ids}")


def _arguments(
    folder: RunFolder,
    settings: TrainingSettings,
    rows: Sequence[TokenRow],
    validated: bool,
    device: torch.device,
    packed: bool,
) -> SFTConfig:
    micro, accumulation = micro_batches(
        settings.batch_size, max(len(row.ids) for row in rows), _MICRO_BATCH_TOKENS[device.type]
    )
    assert settings.epochs is not None and settings.learning_rate is not None
    steps_an_epoch = math.ceil(math.ceil(len(rows) / micro) / accumulation)
    steps = math.ceil(steps_an_epoch * settings.epochs)
    return SFTConfig(
        output_dir=str(folder.checkpoints),
        num_train_epochs=settings.epochs,
        per_device_train_batch_size=micro,
        per_device_eval_batch_size=micro,
        gradient_accumulation_steps=accumulation,
        learning_rate=settings.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=math.ceil(steps * settings.warmup),
        weight_decay=settings.weight_decay,
        seed=settings.seed,
        data_seed=settings.seed,
        max_length=None,
        # Packed rows waste nothing however long; padded ones go with rows of their own length.
        train_sampling_strategy="random" if packed else "group_by_length",
        use_cpu=device.type == "cpu",
        bf16=_bf16(),
        fp16=False,
        gradient_checkpointing=False,
        logging_strategy="steps",
        logging_steps=1,
        logging_nan_inf_filter=False,
        eval_strategy="steps" if validated else "no",
        eval_steps=max(1, math.ceil(steps / _EVALUATIONS)),
        eval_on_start=validated and folder.last_checkpoint() is None,
        save_strategy="steps",
        save_steps=max(1, math.ceil(steps / _CHECKPOINTS)),
        save_total_limit=2,
        remove_unused_columns=False,  # the span of the question is one that no model takes
        report_to="none",
        disable_tqdm=True,
        dataloader_num_workers=0,
        dataloader_pin_memory=device.type == "cuda",
    )


def micro_batches(batch_size: int, longest: int, tokens: int) -> tuple[int, int]:
    """Rows of one forward pass and passes of one optimiser step, whose product is the batch size.

    longest: tokens of the longest row. tokens: that one pass may hold.
    """
    fitting = max(1, tokens // longest)
    micro = max(size for size in range(1, min(batch_size, fitting) + 1) if batch_size % size == 0)
    return micro, batch_size // micro


def _device() -> torch.device:
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def _bf16() -> bool:
    return _device().type == "cpu" or bool(is_torch_bf16_gpu_available())
