"""TRL's SFTTrainer, told to compute logits only where there is loss and to say how it is doing."""

from __future__ import annotations

import inspect
import math
import types
from typing import Any

import torch
from datasets.arrow_dataset import Dataset
from torch.nn import functional
from torch.utils.data import DataLoader
from transformers import PreTrainedModel
from trl.trainer.sft_trainer import SFTTrainer

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


class AnswerTrainer(SFTTrainer):
    """An SFTTrainer over batches of `assistant.training.rows`.

    `useful_tokens` counts the tokens of the rows trained on so far, padding left out and each row
    counted whole, however its batch was laid out. neftune_alpha: noise on the embeddings while
    training, 0 for none.
    """

    def __init__(self, *args: Any, neftune_alpha: float = 0.0, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.useful_tokens = 0
        self._row_length = 1.0  # tokens, the mean of the batch at hand
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
        if neftune_alpha:
            self._add_noise(base.get_input_embeddings(), neftune_alpha)

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
            answers = inputs["labels"] != IGNORED
            self._row_length = useful / max(int((answers[:, 1:] & ~answers[:, :-1]).sum()), 1)
        if return_outputs or not self._own_head:
            return super().compute_loss(  # type: ignore[no-untyped-call]
                model, inputs, return_outputs, num_items_in_batch
            )
        losses = model(**inputs, answer_losses=True)
        if num_items_in_batch is None:
            return losses.sum() / max(len(losses), 1)
        # They were counted over all processes, and the gradients are averaged over these.
        return losses.sum() * self.accelerator.num_processes / max(int(num_items_in_batch), 1)

    def evaluate(self, *args: Any, **kwargs: Any) -> dict[str, float]:
        """Mean over the answer tokens of the validation rows, however they fall into batches.

        Without validation rows there is no such figure, and only the callbacks are told.
        """
        metrics = {} if self.eval_dataset is None else {"eval_loss": self._validation_loss()}
        self._metrics["eval"].clear()
        self.control = self.callback_handler.on_evaluate(
            self.args, self.state, self.control, metrics
        )
        return metrics

    def _validation_loss(self) -> float:
        model = self.model_wrapped
        was_training = model.training
        model.eval()
        total, count = 0.0, 0
        with torch.no_grad():
            # Each process measures all rows, so that none has to wait for another.
            for batch in self._all_validation_rows():
                inputs = self._prepare_inputs(batch)
                answers = int(inputs["labels"].ne(IGNORED).sum())
                total += float(self.compute_loss(model, inputs)) * answers
                count += answers
        model.train(was_training)
        return total / max(count, 1)

    def _all_validation_rows(self) -> DataLoader[Any]:
        assert isinstance(self.eval_dataset, Dataset)
        return DataLoader(
            self.eval_dataset,
            batch_size=self.args.per_device_eval_batch_size,
            collate_fn=self.data_collator,
        )

    def _add_noise(self, embedding: torch.nn.Module, alpha: float) -> None:
        """NEFTune (Jain et al. 2023, https://arxiv.org/abs/2310.05914): uniform noise of at most
        alpha / sqrt(length x width), where several rows in a sequence have their own length."""

        def noisy(module: torch.nn.Module, inputs: Any, output: torch.Tensor) -> torch.Tensor:
            if not module.training:
                return output
            most = alpha / math.sqrt(self._row_length * output.shape[-1])
            return output + torch.empty_like(output).uniform_(-most, most)

        embedding.register_forward_hook(noisy)

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

    # What generates looks at the names that forward takes.
    forward.__signature__ = inspect.signature(type(model).forward)  # type: ignore[attr-defined]
    model.forward = types.MethodType(forward, model)
