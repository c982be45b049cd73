"""The worker's part for runs on votes: a copy of an adapter goes on by DPO or KTO."""

from __future__ import annotations

from functools import partial
from typing import Any, cast

from peft import PeftModel
from transformers import TrainerControl, TrainerState, TrainingArguments

from assistant.training.folder import RunFolder, checkpoint_step, read_json, write_json
from assistant.training.halving import train_with_what_fits
from assistant.training.preference_preparing import (
    FEWEST,
    VotesPreparation,
    measured_votes,
    prepare_votes,
)
from assistant.training.progress import append_progress
from assistant.training.saving import save_adapter
from assistant.training.trainer import AnswerTrainer
from assistant.training.tuning import end_line
from assistant.training.watching import ProgressCallback


def train_on_preferences(folder: RunFolder) -> None:
    """Train what the folder asks for, going on from its last whole checkpoint.

    Where memory is not enough fewer rows are taken at a time, as `train_with_what_fits` says.
    Raises TrainingError or ModelError with a sentence; whatever else comes out of torch is the
    caller's to put into one.
    """
    method = (read_json(folder.run) or {}).get("method", "dpo")
    prepare = partial(prepare_votes, folder)
    train_with_what_fits(folder, prepare, measured_votes, _finish, FEWEST[method])


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


def _finish(preparation: VotesPreparation) -> None:
    """Train, and leave adapter/ and done.json."""
    folder, run, trainer = preparation.folder, preparation.run, preparation.trainer
    checkpoint = folder.last_checkpoint()
    begun = checkpoint_step(checkpoint) if checkpoint is not None else 0
    earlier = folder.read_progress().steps
    seconds = max((step.seconds for step in earlier if step.step <= begun), default=0.0)
    if checkpoint is None:
        folder.progress.unlink(missing_ok=True)
    else:
        end_line(folder.progress)
    for notice in preparation.found.notices:
        append_progress(folder.progress, {"step": begun, "notice": notice})
    watched = cast(AnswerTrainer, trainer)  # it looks at what both have
    progress = PreferenceProgress(
        folder, watched, preparation.asker, None, preparation.every, 0, seconds
    )
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
            "rows_left_out": preparation.found.left_out,
            "adapter_sha256": sha256,
            "base_sha256": run["base_sha256"],
            "device": trainer.args.device.type,
        },
    )
