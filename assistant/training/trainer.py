"""TRL's SFTTrainer, told to compute logits only where there is loss and to say how it is doing."""

from __future__ import annotations

import math
import statistics
import time
import types
from typing import Any

import torch
from torch.nn import functional
from transformers import (
    PreTrainedModel,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)
from trl.trainer.sft_trainer import SFTTrainer

from assistant.errors import TrainingError
from assistant.training.folder import RunFolder
from assistant.training.progress import Step, append_progress
from assistant.training.rows import IGNORED

# Attributes of configurations whose heads do more than multiply: TRL's own head knows them.
_SPECIAL_HEADS = (
    "final_logit_softcapping",
    "logit_scale",
    "logits_scaling",
    "output_multiplier",
    "lm_head_multiplier",
    "output_router_logits",
)
_RECENT = 20  # steps from which the time left is told


class AnswerTrainer(SFTTrainer):
    """An SFTTrainer over batches of `assistant.training.rows`.

    `useful_tokens` counts the tokens of the rows trained on so far, padding left out and each row
    counted whole, however its batch was laid out.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.useful_tokens = 0
        base: Any = self.model.get_base_model()  # type: ignore[union-attr,operator]
        for module in base.modules():
            if hasattr(module, "cast_input_dtype_enabled"):
                # Under autocast peft's cast to the adapter's fp32 is undone at once.
                module.cast_input_dtype_enabled = not self.args.bf16
        config = base.config.get_text_config()
        plain_head = all(getattr(config, name, None) in (None, False) for name in _SPECIAL_HEADS)
        # TRL's head scores the answer positions alone on CUDA. Elsewhere it projects every position
        # on the vocabulary, which with short answers is most of the head's work.
        self._own_head = plain_head and self.args.device.type != "cuda"
        if self._own_head:
            add_answer_losses(base)

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: dict[str, torch.Tensor],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> Any:
        """Mean negative log-likelihood of the answer tokens, in nats."""
        inputs = dict(inputs)
        useful = int(inputs.pop("useful_tokens"))
        if model.training:
            self.useful_tokens += useful
        if return_outputs or not self._own_head:
            return super().compute_loss(  # type: ignore[no-untyped-call]
                model, inputs, return_outputs, num_items_in_batch
            )
        losses = model(**inputs, answer_losses=True)
        count = len(losses) if num_items_in_batch is None else int(num_items_in_batch)
        return losses.sum() / max(count, 1)

    def evaluate(self, *args: Any, **kwargs: Any) -> dict[str, float]:
        """Mean over the answer tokens of the validation rows, however they fall into batches."""
        model = self.model_wrapped
        was_training = model.training
        model.eval()
        total, count = 0.0, 0
        with torch.no_grad():
            for batch in self.get_eval_dataloader():
                inputs = self._prepare_inputs(batch)
                answers = int(inputs["labels"].ne(IGNORED).sum())
                total += float(self.compute_loss(model, inputs)) * answers
                count += answers
        model.train(was_training)
        metrics = {"eval_loss": total / max(count, 1)}
        self._metrics["eval"].clear()
        self.control = self.callback_handler.on_evaluate(
            self.args, self.state, self.control, metrics
        )
        return metrics

    def create_model_card(self, *args: Any, **kwargs: Any) -> None:
        """None for checkpoints: the run's folder explains itself."""


def add_answer_losses(model: PreTrainedModel) -> None:
    """Let `model(..., labels=labels, answer_losses=True)` return the losses of the answer tokens.

    They come flat, one for each label that is not IGNORED, in nats, in the order of the labels;
    only their positions are projected on the vocabulary. Other calls are as before.
    """
    original = model.forward

    def forward(self: Any, *args: Any, answer_losses: bool = False, **kwargs: Any) -> Any:
        if not answer_losses:
            return original(*args, **kwargs)
        targets = kwargs.pop("labels")[:, 1:]  # (B, L - 1)
        hidden = self.base_model(*args, use_cache=False, **kwargs).last_hidden_state[:, :-1]
        chosen = targets != IGNORED
        logits = self.get_output_embeddings()(hidden[chosen])  # (answer tokens, vocabulary)
        return functional.cross_entropy(logits.float(), targets[chosen], reduction="none")

    model.forward = types.MethodType(forward, model)


class ProgressCallback(TrainerCallback):
    """Writes a line for each step, and heeds the stop file.

    seconds: of the earlier parts of a resumed run.
    """

    def __init__(self, folder: RunFolder, trainer: AnswerTrainer, seconds: float) -> None:
        self._folder = folder
        self._trainer = trainer
        self._began = time.monotonic() - seconds
        self._step_began = 0.0
        self._step_times: list[float] = []
        self._tokens_before = 0
        self._evaluation_began = 0.0
        self._evaluation_times: list[float] = []
        self.stopped = False

    def on_step_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        self._step_began = time.monotonic()
        self._tokens_before = self._trainer.useful_tokens

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> TrainerControl:
        self._step_times.append(time.monotonic() - self._step_began)
        if self._folder.stop.exists():
            self.stopped = True
            control.should_training_stop = True
            control.should_save = True
            control.should_evaluate = False
        return control

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **kwargs: Any,
    ) -> None:
        if not logs or "loss" not in logs:
            return
        if not math.isfinite(logs["loss"]) or not math.isfinite(float(logs.get("grad_norm", 0.0))):
            raise TrainingError(
                f"The loss stopped being a number at step {state.global_step}, so the training was "
                "ended. Checkpoints before it are kept: start again with a lower learning rate."
            )
        seconds = self._step_times[-1]
        tokens = self._trainer.useful_tokens - self._tokens_before
        step = Step(
            step=state.global_step,
            total_steps=state.max_steps,
            epoch=round(state.epoch or 0.0, 4),
            loss=logs["loss"],
            validation_loss=None,
            tokens_per_second=tokens / max(seconds, 1e-9),
            seconds=self.seconds,
            seconds_left=self._seconds_left(state),
        )
        append_progress(self._folder.progress, step)
        self._evaluation_began = time.monotonic()

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        self._evaluation_began = time.monotonic()

    def on_evaluate(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        metrics: dict[str, float] | None = None,
        **kwargs: Any,
    ) -> None:
        assert metrics is not None
        self._evaluation_times.append(time.monotonic() - self._evaluation_began)
        line = {"step": state.global_step, "validation_loss": metrics["eval_loss"]}
        append_progress(self._folder.progress, line)

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        checkpoint = self._folder.checkpoints / f"checkpoint-{state.global_step}"
        self._folder.mark_complete(checkpoint)

    @property
    def seconds(self) -> float:
        """Since training began, interruptions left out."""
        return time.monotonic() - self._began

    def _seconds_left(self, state: TrainerState) -> float:
        steps = state.max_steps - state.global_step
        left = steps * statistics.median(self._step_times[-_RECENT:])
        if self._evaluation_times and state.eval_steps:
            left += steps // state.eval_steps * self._evaluation_times[-1]
        return left
