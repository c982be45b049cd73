"""The adapter on disk: whole or not at all, and the best of the evaluations so far."""

from __future__ import annotations

import logging
import math
import os
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast

import torch
from peft import LoraConfig, PeftModel, get_peft_model_state_dict
from safetensors.torch import save_file

from assistant.models import file_sha256
from assistant.training import ranks
from assistant.training.folder import RunFolder, read_json, write_json
from assistant.training.progress import Progress

logger = logging.getLogger(__name__)

_BEST = "best.json"
_ROUNDING = 1e-9  # of shares


@dataclass(frozen=True, slots=True)
class Evaluated:
    """The figures of one evaluation; None where it was not measured."""

    step: int
    held_out_recall: float | None
    validation_loss: float | None

    @property
    def figure(self) -> float:
        """The validation loss with its sign turned, so that more is better."""
        return float("-inf") if self.validation_loss is None else -self.validation_loss


def evaluations_of(progress: Progress, until: int) -> list[Evaluated]:
    """The evaluations that a run has written, up to a step."""
    return [
        Evaluated(step.step, step.held_out_recall, step.validation_loss)
        for step in progress.steps
        if step.step <= until
        and (step.validation_loss is not None or step.held_out_recall is not None)
    ]


class BestAdapter:
    """Keeps the adapter of the best evaluation, and knows when there was no better one for long.

    questions: how many held-out questions decide by their recall; 0 lets the loss of the so many
    validation `rows`. One question more or less is chance, and so is a loss that is higher by its
    standard error; of adapters that are so near the later one is the better: its learning rate has
    come down. earlier: evaluations of the part of the run that came before.
    """

    def __init__(
        self,
        folder: RunFolder,
        base_model: str,
        questions: int,
        rows: int,
        earlier: list[Evaluated],
    ) -> None:
        self._folder, self._base_model = folder, base_model
        self._questions, self._rows = questions, rows
        self._seen = list(earlier)
        _take_back(folder.best)
        kept = read_json(folder.best / _BEST)
        # Where it was killed between an evaluation and a checkpoint, the best is of a later step.
        self.best = Evaluated(**kept) if kept is not None else None

    @property
    def since_best(self) -> int:
        """Evaluations in a row that were no better than the best one."""
        if self.best is None:
            return 0
        return sum(one.step > self.best.step for one in self._seen)

    @property
    def why(self) -> str:
        """What decided, in words."""
        return "held-out fact recall" if self._questions else "validation loss"

    def take(self, evaluated: Evaluated, model: PeftModel) -> None:
        """Note an evaluation, and keep the adapter where it is the best. Raises OSError."""
        self._seen.append(evaluated)
        if not is_better(evaluated, self.best, self._seen, self._questions, self._rows):
            return
        save_adapter(model, self._folder.best, self._base_model, asdict(evaluated))
        self.best = evaluated
        logger.info("Step %d is the best so far: %s", evaluated.step, evaluated)


def is_better(
    one: Evaluated, best: Evaluated | None, seen: Sequence[Evaluated], questions: int, rows: int
) -> bool:
    """Whether an evaluation's adapter is to take the place of the best so far.

    seen: all evaluations so far. questions, rows: as of `BestAdapter`. The losses of rows are taken
    to spread as widely as their mean is high, so that its standard error is the mean over the root
    of their number.
    """
    if best is None or best.step == one.step:
        return True
    if not questions:
        lowest = -max(other.figure for other in (one, best, *seen))
        return -one.figure <= lowest * (1 + 1 / math.sqrt(max(rows, 1)))
    chance = 1 / questions + _ROUNDING
    recall = one.held_out_recall or 0.0
    highest = max((other.held_out_recall or 0.0) for other in (one, best, *seen))
    if highest <= chance:  # nothing is recalled yet: the loss tells whether it learns
        return (recall, one.figure) > (best.held_out_recall or 0.0, best.figure)
    return recall >= highest - chance


def save_adapter(
    model: PeftModel, target: Path, base_model: str, about: dict[str, object] | None = None
) -> str:
    """Write the adapter in bf16 to a folder, whole or not at all; return its weights' SHA-256.

    base_model: its portable name, which takes the place of the path on this machine. about: what is
    to be written beside it. All ranks have to call it; rank 0 writes, and "" is returned by the
    others. Raises OSError.
    """
    weights = get_peft_model_state_dict(model, save_embedding_layers=False)
    tensors = {
        name: ranks.whole(t.detach()).to("cpu", torch.bfloat16).contiguous()
        for name, t in weights.items()
    }
    if not ranks.is_main():
        return ""
    temporary = target.with_name(f".{target.name}.new")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    save_file(tensors, temporary / "adapter_model.safetensors", metadata={"format": "pt"})
    config = cast(LoraConfig, model.peft_config["default"])
    name, training = config.base_model_name_or_path, config.inference_mode
    config.base_model_name_or_path = base_model
    config.inference_mode = True
    config.target_modules = sorted(config.target_modules or ())  # a set has no order of its own
    config.save_pretrained(str(temporary))
    config.base_model_name_or_path, config.inference_mode = name, training
    if about is not None:
        write_json(temporary / _BEST, about)
    put_in_place(temporary, target)
    return file_sha256(target / "adapter_model.safetensors")


def keep_best(folder: RunFolder) -> str:
    """Make the best adapter the run's own; return its weights' SHA-256. Raises OSError."""
    temporary = folder.path / f".{folder.adapter.name}.new"
    shutil.rmtree(temporary, ignore_errors=True)
    shutil.copytree(folder.best, temporary)
    (temporary / _BEST).unlink()
    put_in_place(temporary, folder.adapter)
    return file_sha256(folder.adapter / "adapter_model.safetensors")


def put_in_place(temporary: Path, target: Path) -> None:
    """Give a finished folder its name, after its bytes have reached the disk."""
    for path in temporary.iterdir():
        with path.open("r+b") as file:
            os.fsync(file.fileno())
    _take_back(target)
    old = _before(target)
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    temporary.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def _take_back(target: Path) -> None:
    """Undo the half of `put_in_place` after which a process was killed."""
    if _before(target).is_dir() and not target.exists():
        _before(target).rename(target)


def _before(target: Path) -> Path:
    return target.with_name(f".{target.name}.old")
