"""The fine-tuning itself: a LoRA adapter from a run's folder into it."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path
from typing import cast

from peft import PeftModel

from assistant.training import ranks
from assistant.training.folder import RunFolder, checkpoint_step, write_json
from assistant.training.halving import train_with_what_fits
from assistant.training.held_out import ENOUGH
from assistant.training.log_writers import RunLogs
from assistant.training.preparing import Preparation, measured, prepare
from assistant.training.progress import append_progress
from assistant.training.saving import (
    BestAdapter,
    Evaluated,
    evaluations_of,
    keep_best,
    save_adapter,
)
from assistant.training.watching import ProgressCallback


def tune(folder: RunFolder) -> None:
    """Train what the folder asks for, going on from its last whole checkpoint.

    Where memory is not enough fewer rows are taken at a time, as `train_with_what_fits` says.
    Raises TrainingError or ModelError with a sentence; whatever else comes out of torch is the
    caller's to put into one.
    """
    train_with_what_fits(folder, partial(prepare, folder), measured, finish)


def finish(preparation: Preparation) -> None:
    """Train, and leave adapter/ and done.json."""
    folder, run, trainer = preparation.folder, preparation.run, preparation.trainer
    checkpoint = folder.last_checkpoint()
    begun = checkpoint_step(checkpoint) if checkpoint is not None else 0
    earlier = folder.read_progress()
    seconds = max((step.seconds for step in earlier.steps if step.step <= begun), default=0.0)
    ranks.wait()  # rank 0 changes what the others have read by now
    if ranks.is_main():
        if checkpoint is None:
            folder.progress.unlink(missing_ok=True)
            shutil.rmtree(folder.best, ignore_errors=True)
        else:
            end_line(folder.progress)
        for notice in preparation.found.notices:
            append_progress(folder.progress, {"step": begun, "notice": notice})
    ranks.wait()
    logs = RunLogs(folder, run, begun) if ranks.is_main() else None
    progress = ProgressCallback(
        folder,
        trainer,
        preparation.asker,
        _best(preparation, evaluations_of(earlier, begun)),
        preparation.every,
        preparation.settings.patience,
        seconds,
        logs,
    )
    trainer.add_callback(progress)
    try:
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint is not None else None)
    finally:
        if logs is not None:
            logs.close()
    useful = int(ranks.totals([trainer.useful_tokens])[0])
    best = progress.best.best if progress.best else None
    sha256 = ""
    if best is None:
        sha256 = save_adapter(cast(PeftModel, trainer.model), folder.adapter, run["base_model"])
    if not ranks.is_main():
        ranks.wait()
        return
    if best is not None:
        sha256 = keep_best(folder)
    kept = best or progress.last
    steps = folder.read_progress().steps
    write_json(
        folder.done,
        {
            "stopped": progress.stopped,
            "stopped_early": progress.stopped_early,
            "steps": trainer.state.global_step,
            "step": kept.step if kept else trainer.state.global_step,
            "chosen_by": progress.best.why if progress.best and best else "last step",
            "loss": steps[-1].loss if steps else None,
            "validation_loss": kept.validation_loss if kept else None,
            "held_out_recall": kept.held_out_recall if kept else None,
            "seconds": round(progress.seconds, 1),
            "useful_tokens": useful,
            "processes": ranks.world_size(),
            "packed": preparation.packed,
            "rows_left_out": preparation.found.left_out,
            "adapter_sha256": sha256,
            "base_sha256": run["base_sha256"],
            "device": trainer.args.device.type,
        },
    )
    if not progress.stopped:
        shutil.rmtree(folder.best, ignore_errors=True)
    ranks.wait()


def end_line(path: Path) -> None:
    """Cut off a last line that a kill left unfinished."""
    content = path.read_bytes() if path.exists() else b""
    whole = content[: content.rfind(b"\n") + 1]
    if whole != content:
        path.write_bytes(whole)


def _best(preparation: Preparation, earlier: list[Evaluated]) -> BestAdapter | None:
    """What keeps the best adapter; None where no figure would tell which one that is."""
    asked = preparation.asker.held_out
    questions = len(asked.questions) if len(asked.questions) >= ENOUGH else 0
    if not questions:
        # Validation rows of other facts get dearer while the trained ones are still being learned.
        foreign = bool(asked.references) and not asked.questions
        if foreign or preparation.trainer.eval_dataset is None:
            return None
    base_model, rows = preparation.run["base_model"], len(preparation.validation)
    return BestAdapter(preparation.folder, base_model, questions, rows, earlier)
