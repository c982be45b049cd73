"""Before a run starts: what fits into memory by estimate, and one real step that is measured."""

from __future__ import annotations

import logging
import platform
import random
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy
import torch

from assistant.errors import TrainingError
from assistant.training import memory
from assistant.training.arguments import Passes, divided, micro_batches
from assistant.training.estimate import GIB, MemoryEstimate, ModelShape, estimated_memory
from assistant.training.loading import precision, qlora_missing
from assistant.training.rows import TokenRow
from assistant.training.settings import TrainingSettings
from assistant.training.trainer import AnswerTrainer

logger = logging.getLogger(__name__)

# Tokens of one pass, beyond which it gains nothing: measured, tests/benchmarks/training.py.
_PASS_TOKENS = {"cuda": 16384, "mps": 4096, "cpu": 4096}
_USABLE = 0.95  # of what is free
_SOON = 15.0  # seconds; a first step quicker than this is made again, warm
_TOKENIZER_BYTES = 12 * 2**20  # beside each checkpoint


@dataclass(frozen=True, slots=True)
class Plan:
    """How the batch is laid over memory, and why otherwise than asked for."""

    passes: Passes
    estimate: MemoryEstimate
    notices: tuple[str, ...]


def plan(
    shape: ModelShape,
    rows: Sequence[TokenRow],
    settings: TrainingSettings,
    device: torch.device,
    free: int,
    at_most: int | None = None,
) -> Plan:
    """The largest passes that fit by estimate; the batch of a step stays what was asked for.

    free: bytes. at_most: rows of a pass, where more have run out of memory before. Raises
    TrainingError where not even one row fits, or QLoRA is asked for and cannot be had.
    """
    missing = qlora_missing()
    if settings.qlora == "always" and missing:
        raise TrainingError(
            f"QLoRA was asked for and needs {missing}, which is not there: set QLoRA to auto or "
            "never, or choose a smaller base model."
        )
    longest = sorted(rows, key=lambda row: -len(row.ids))
    wanted, _ = micro_batches(settings.batch_size, len(longest[0].ids), _PASS_TOKENS[device.type])
    wanted, _ = divided(settings.batch_size, min(wanted, at_most or wanted))
    for passes in _choices(settings, wanted, not missing):
        estimate = _estimate(shape, longest[: passes.rows], settings, device, passes)
        if fits(estimate, free):
            return Plan(passes, estimate, _notices(passes, wanted, settings, estimate, free))
    advice = "lower the max length, choose a smaller base model, or close other programs"
    if device.type == "cuda" and missing and settings.qlora != "never":
        advice += f"; QLoRA would need less, and lacks {missing}"
    raise TrainingError(
        f"One row of {len(longest[0].ids)} tokens at a time needs about "
        f"{estimate.total / GIB:.1f} GiB, and {free / GIB:.1f} GiB are free: {advice}."
    )


def fits(estimate: MemoryEstimate, free: int) -> bool:
    """Whether so much goes into the bytes that are free, with a little to spare."""
    return estimate.total <= _USABLE * free


def measure(
    trainer: AnswerTrainer, batch: dict[str, torch.Tensor], passes: int
) -> tuple[int, float]:
    """Peak bytes and seconds of one real step on this batch, which leaves the model as it was.

    passes: of a step; all take as long as the one that is made. The optimiser's step is made with
    a learning rate of zero, and whatever was drawn at random will be drawn again.
    """
    model: Any = trainer.model
    device = trainer.args.device
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    useful = trainer.useful_tokens
    model.train()
    with _random_kept(device), memory.peak_memory(device) as peak:
        optimizer = torch.optim.AdamW(trained, lr=0.0, weight_decay=0.0)
        seconds = _step(trainer, model, batch, optimizer, passes)
        if seconds < _SOON:
            seconds = min(seconds, _step(trainer, model, batch, optimizer, passes))
        del optimizer
    trainer.useful_tokens = useful
    memory.release(device)
    return peak.bytes, seconds


def disk_bytes(shape: ModelShape, settings: TrainingSettings) -> int:
    """Of two checkpoints with the optimiser's state, the best adapter and the final one."""
    weights = shape.adapter_weights(settings.rank, settings.target_layers)
    return 2 * (12 * weights + _TOKENIZER_BYTES) + 2 * 2 * weights


def check_disk(folder: Any, needed: int) -> int:
    """Bytes free on the run's disk. Raises TrainingError where they are fewer than needed."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise TrainingError(
            f"The disk has {free / GIB:.2f} GiB free and the run's checkpoints need about "
            f"{needed / GIB:.2f}: free some space, and resume the run."
        )
    return free


def device_name(device: torch.device) -> str:
    """What the device calls itself."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{platform.processor() or platform.machine()}, {torch.get_num_threads()} threads"


def _choices(settings: TrainingSettings, wanted: int, qlora: bool) -> Iterator[Passes]:
    """What to try, the quickest first: smaller passes, then less kept, then fewer bits."""
    bits = [settings.qlora == "always"]
    if settings.qlora == "auto" and qlora:
        bits = [False, True]
    kept = [settings.gradient_checkpointing == "always"]
    if settings.gradient_checkpointing == "auto":
        kept = [False, True]
    for four_bits in bits:
        for checkpointing in kept:
            rows = wanted
            while rows:
                yield Passes(rows, settings.batch_size // rows, checkpointing, four_bits)
                rows = divided(settings.batch_size, rows // 2)[0] if rows > 1 else 0


def _estimate(
    shape: ModelShape,
    rows: Sequence[TokenRow],
    settings: TrainingSettings,
    device: torch.device,
    passes: Passes,
) -> MemoryEstimate:
    return estimated_memory(
        shape,
        tokens=len(rows) * len(rows[0].ids),
        answer_tokens=sum(len(row.ids) - row.answer_start for row in rows),
        rank=settings.rank,
        target_layers=settings.target_layers,
        device=device.type,
        weight_bytes=precision().itemsize,
        gradient_checkpointing=passes.checkpointing,
        qlora=passes.qlora,
    )


def fewer_rows(rows: int, wanted: int, accumulation: int, free: int) -> list[str]:
    """What is said where fewer rows are taken at a time than would be quickest."""
    if rows == wanted:
        return []
    return [
        f"{wanted} rows at once do not fit into the {free / GIB:.1f} GiB that are free: they are "
        f"taken {rows} at a time, {accumulation} times a step, with the same result."
    ]


def _notices(
    passes: Passes,
    wanted: int,
    settings: TrainingSettings,
    estimate: MemoryEstimate,
    free: int,
) -> tuple[str, ...]:
    said = fewer_rows(passes.rows, wanted, passes.accumulation, free)
    if passes.checkpointing and settings.gradient_checkpointing == "auto":
        said.append("Memory is short: gradient checkpointing is on, a step takes a third longer.")
    if passes.qlora and settings.qlora == "auto":
        said.append(
            "Memory is short: the base model is held in 4 bits while it is trained (QLoRA), "
            f"{estimate.weights / GIB:.1f} GiB."
        )
    return tuple(said)


def _step(
    trainer: AnswerTrainer,
    model: Any,
    batch: dict[str, torch.Tensor],
    optimizer: torch.optim.Optimizer,
    passes: int,
) -> float:
    """Seconds of a step of so many passes, of which one is made."""
    device = trainer.args.device
    began = time.perf_counter()
    inputs = trainer._prepare_inputs(dict(batch))
    dtype = precision()
    with torch.autocast(device.type, dtype, enabled=dtype != torch.float32):
        loss = trainer.compute_loss(model, inputs)
    loss.backward()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    forward = time.perf_counter() - began
    optimizer.step()
    model.zero_grad(set_to_none=True)
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return forward * passes + time.perf_counter() - began - forward


@contextmanager
def _random_kept(device: torch.device) -> Iterator[None]:
    """Put the states of all random generators back afterwards."""
    python, arrays = random.getstate(), numpy.random.get_state()
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        yield
    random.setstate(python)
    numpy.random.set_state(arrays)
