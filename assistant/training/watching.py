"""What a run says of itself after each step and evaluation, and when it is to end."""

from __future__ import annotations

import math
import statistics
import time
from dataclasses import asdict
from typing import Any, cast

import torch
from peft import PeftModel
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from assistant.errors import TrainingError
from assistant.training import memory, ranks
from assistant.training.folder import RunFolder, checkpoint_step
from assistant.training.loading import precision
from assistant.training.log_writers import RunLogs
from assistant.training.progress import Sample, Step, append_progress
from assistant.training.sampling import Asker
from assistant.training.saving import BestAdapter, Evaluated
from assistant.training.trainer import AnswerTrainer

_RECENT = 20  # steps from which the time left is told


class ProgressCallback(TrainerCallback):
    """Writes a line for each step and evaluation, keeps the best adapter, heeds the stop file.

    every: steps from one evaluation to the next, 0 for none. patience: evaluations without a better
    one after which the run ends, 0 for never. seconds: of the earlier parts of a resumed run.
    best: None where nothing tells which adapter is better. logs: told of each line as well.
    """

    def __init__(
        self,
        folder: RunFolder,
        trainer: AnswerTrainer,
        asker: Asker,
        best: BestAdapter | None,
        every: int,
        patience: int,
        seconds: float,
        logs: RunLogs | None = None,
    ) -> None:
        self._logs = logs
        self._folder, self._trainer, self._asker = folder, trainer, asker
        self.best, self._every, self._patience = best, every, patience
        self._began = time.monotonic() - seconds
        self._step_began = 0.0
        self._step_times: list[float] = []
        self._tokens_before = 0
        self._evaluation_began = 0.0
        self._evaluation_times: list[float] = []
        self._peak = 0
        self.stopped = False
        self.stopped_early = False
        self.last: Evaluated | None = None

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        self._evaluation_began = time.monotonic()
        if state.global_step == 0 and self._every:
            self._trainer.evaluate()

    def on_step_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        self._step_began = time.monotonic()
        self._tokens_before = self._trainer.useful_tokens

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> TrainerControl:
        self._step_times.append(time.monotonic() - self._step_began)
        last = state.global_step >= state.max_steps
        if ranks.decided(self._folder.stop.exists()):
            self.stopped = not last
            control.should_training_stop = last = True
            control.should_save = True
        due = self._every and state.global_step % self._every == 0
        control.should_evaluate = bool(self._every and (due or last))
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
        if no_number(logs, args.fp16):
            kept = self._folder.last_checkpoint()
            said = "Nothing was saved before it"
            if kept is not None:
                said = f"Step {checkpoint_step(kept)} is kept"
            raise TrainingError(
                f"The loss stopped being a number at step {state.global_step}, so the training was "
                f"ended. {said}: start again with a lower learning rate."
            )
        seconds = self._step_times[-1]
        (tokens,) = ranks.totals([self._trainer.useful_tokens - self._tokens_before])
        held, peak = self._memory(args.device)
        step = Step(
            step=state.global_step,
            total_steps=state.max_steps,
            epoch=round(state.epoch or 0.0, 4),
            loss=logs["loss"],
            validation_loss=None,
            tokens_per_second=tokens / max(seconds, 1e-9),
            seconds=self.seconds,
            seconds_left=self._seconds_left(state),
            memory_bytes=held,
            peak_memory_bytes=peak,
            gpu_use=memory.gpu_use(args.device),
        )
        if ranks.is_main():
            append_progress(self._folder.progress, step)
            if self._logs is not None:
                self._logs.update()
        self._evaluation_began = time.monotonic()

    def on_evaluate(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        metrics: dict[str, float] | None = None,
        **kwargs: Any,
    ) -> None:
        model = cast(PeftModel, self._trainer.model)
        recall, samples = self._asker.ask(model, precision())
        evaluated = Evaluated(
            state.global_step,
            ranks.decided_figure(recall),
            ranks.decided_figure((metrics or {}).get("eval_loss")),
        )
        if ranks.is_main():
            self._tell(evaluated, samples)
        self._evaluation_times.append(time.monotonic() - self._evaluation_began)
        self.last = evaluated
        if self.best is None or state.global_step == 0:
            return
        self.best.take(evaluated, model)
        if self._patience and self.best.since_best >= self._patience:
            self.stopped_early = not control.should_training_stop
            control.should_training_stop = True

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        checkpoint = self._folder.checkpoints / f"checkpoint-{state.global_step}"
        ranks.wait()  # each rank has a file of its own in it
        if ranks.is_main():
            self._folder.mark_complete(checkpoint)

    def _tell(self, evaluated: Evaluated, samples: list[Sample]) -> None:
        append_progress(self._folder.progress, asdict(evaluated))
        if self._logs is not None:
            self._logs.update()
        said = [{k: v for k, v in asdict(one).items() if k != "step"} for one in samples]
        if said:
            append_progress(self._folder.progress, {"step": evaluated.step, "samples": said})

    @property
    def seconds(self) -> float:
        """Since training began, interruptions left out."""
        return time.monotonic() - self._began

    def _memory(self, device: torch.device) -> tuple[int, int]:
        held = memory.held(device)
        most = torch.cuda.max_memory_allocated(device) if device.type == "cuda" else held
        self._peak = max(self._peak, held, most)
        return held, self._peak

    def _seconds_left(self, state: TrainerState) -> float:
        steps = state.max_steps - state.global_step
        left = steps * statistics.median(self._step_times[-_RECENT:])
        if self._evaluation_times and self._every and steps:
            left += math.ceil(steps / self._every) * self._evaluation_times[-1]
        return left


def no_number(logs: dict[str, float], fp16: bool) -> bool:
    """Whether a step's loss, or its gradient, is infinite or not a number.

    fp16: with a scaled loss, whose scaler passes over a step with such a gradient and then scales
    less; the first steps of a run are often so.
    """
    if not math.isfinite(logs["loss"]):
        return True
    return not fp16 and not math.isfinite(float(logs.get("grad_norm", 0.0)))
