"""What the model answers while it is being tuned: short, greedy, in one batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import torch
from peft import PeftModel
from transformers import GenerationConfig, PreTrainedModel

from assistant.prompts import question_messages
from assistant.records import Message
from assistant.training.held_out import HeldOut, HeldOutQuestion
from assistant.training.progress import Sample

_LONGEST_ANSWER = 48  # new tokens at most
_MARGIN = 8  # new tokens beyond the longest right answer, within which a wrong one shows itself


class Asker:
    """Asks the questions of a run, in the very messages of chat and of the training rows."""

    def __init__(
        self,
        tokenizer: Any,
        held_out: HeldOut,
        system_prompt: str,
        ends: Sequence[int],
        pad_id: int,
    ) -> None:
        self._tokenizer, self.held_out = tokenizer, held_out
        self._ends, self._pad_id = ends, pad_id
        self._questions = list(dict.fromkeys([*held_out.questions, *held_out.samples]))
        self._prompts = [
            chat_prompt(tokenizer, question_messages(system_prompt, one.question))
            for one in self._questions
        ]
        right = [
            tokenizer(one.answer, add_special_tokens=False)["input_ids"] for one in self._questions
        ]
        longest = max((len(ids) for ids in right), default=0)
        self._new_tokens = min(longest + _MARGIN, _LONGEST_ANSWER)

    @property
    def asked(self) -> int:
        """How many are asked at each evaluation."""
        return len(self._questions)

    @property
    def tokens(self) -> int:
        """Tokens of all prompts and answers together, at most."""
        return sum(len(prompt) + self._new_tokens for prompt in self._prompts)

    def ask(self, model: PeftModel, dtype: torch.dtype) -> tuple[float | None, list[Sample]]:
        """The share of held-out questions recalled, None without any, and the samples.

        The steps of the samples are left at 0. dtype: of the computing.
        """
        if not self._questions:
            return None, []
        texts = greedy_answers(
            model, self._tokenizer, self._prompts, self._new_tokens, self._ends, self._pad_id, dtype
        )
        answers = dict(zip(self._questions, texts, strict=True))
        right = {one: self.held_out.recalled(one, answer) for one, answer in answers.items()}
        questions = self.held_out.questions
        recall = sum(right[one] for one in questions) / len(questions) if questions else None
        return recall, [
            self._sample(one, answers[one], right[one]) for one in self.held_out.samples
        ]

    def _sample(self, one: HeldOutQuestion, answer: str, right: bool) -> Sample:
        return Sample(0, one.question, one.answer, answer, self.held_out.samples_held_out, right)


def chat_prompt(tokenizer: Any, messages: Sequence[Message]) -> list[int]:
    """The ids of a chat up to where the model is to answer."""
    ids: list[int] = tokenizer.apply_chat_template(
        [asdict(message) for message in messages], add_generation_prompt=True, return_dict=False
    )
    return ids


def greedy_answers(
    model: PreTrainedModel | PeftModel,
    tokenizer: Any,
    prompts: Sequence[Sequence[int]],
    new_tokens: int,
    ends: Sequence[int],
    pad_id: int,
    dtype: torch.dtype,
) -> list[str]:
    """The answers of one batch, each of at most `new_tokens`. dtype: of the computing."""
    longest = max(len(prompt) for prompt in prompts)
    gaps = [longest - len(prompt) for prompt in prompts]
    ids = [[pad_id] * gap + list(p) for gap, p in zip(gaps, prompts, strict=True)]
    mask = [[0] * gap + [1] * len(p) for gap, p in zip(gaps, prompts, strict=True)]
    was_training = model.training
    model.eval()
    try:
        with (
            torch.no_grad(),
            torch.autocast(model.device.type, dtype, enabled=dtype != torch.float32),
        ):
            written = model.generate(  # type: ignore[operator]
                input_ids=torch.tensor(ids, device=model.device),
                attention_mask=torch.tensor(mask, device=model.device),
                generation_config=GenerationConfig(  # type: ignore[no-untyped-call]
                    do_sample=False,
                    max_new_tokens=new_tokens,
                    eos_token_id=list(ends),
                    pad_token_id=pad_id,
                ),
            )
    finally:
        model.train(was_training)
    texts = tokenizer.batch_decode(written[:, longest:], skip_special_tokens=True)
    return [str(text).strip() for text in texts]
