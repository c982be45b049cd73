"""Messages to token ids and token ids to text, for one model folder. Needs no torch."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from assistant.errors import GenerationError, ModelError
from assistant.models import read_json
from assistant.records import Message

logger = logging.getLogger(__name__)

_UNSTATED_CONTEXT = 2048  # tokens, where a model's configuration does not say


class ChatTokenizer:
    """The tokenizer and chat template of a model, with what its configuration says of tokens.

    Safe to use from several threads: nothing of the tokenizer is changed after loading.
    Raises ModelError where the folder's tokenizer cannot be loaded.
    """

    def __init__(self, folder: Path) -> None:
        from transformers import PreTrainedTokenizerFast

        try:
            # This class reads tokenizer.json as it is; the automatic ones import torch.
            self._tokenizer: Any = PreTrainedTokenizerFast.from_pretrained(
                folder, local_files_only=True
            )
        except Exception as error:
            raise ModelError(
                f"The tokenizer in {folder} cannot be loaded ({type(error).__name__}): fetch the "
                "model again, or choose another one."
            ) from error
        config = read_json(folder / "config.json") or {}
        config = {**config, **(config.get("text_config") or {})}
        self.context_length = int(config.get("max_position_embeddings") or _UNSTATED_CONTEXT)
        self.end_ids = self._end_ids(folder, config)

    def prompt_ids(self, messages: Sequence[Message]) -> list[int]:
        """Token ids of the messages in the chat template, the answer's header included.

        Raises GenerationError where the template refuses the messages.
        """
        text = self._rendered([{"role": one.role, "content": one.content} for one in messages])
        ids: list[int] = self._tokenizer.backend_tokenizer.encode(
            text, add_special_tokens=False
        ).ids
        return ids

    def reference_ids(self, answer: str) -> list[int]:
        """Token ids of an answer as a model would give it, with the token that ends it."""
        ids: list[int] = self._tokenizer.backend_tokenizer.encode(
            answer, add_special_tokens=False
        ).ids
        end = self._tokenizer.eos_token_id
        return ids if end is None else [*ids, int(end)]

    def answer_text(self) -> AnswerText:
        """A new decoder of one answer, fed token by token."""
        return AnswerText(self._tokenizer.backend_tokenizer)

    def _rendered(self, turns: list[dict[str, str]]) -> str:
        from jinja2 import TemplateError

        try:
            return self._template(turns)
        except TemplateError as error:
            if not turns or turns[0]["role"] != "system":
                raise _refused(error) from error
        # Some templates (Gemma's) know no system role: its text leads the first question instead.
        system, *rest = turns
        if not rest:
            rest = [{"role": "user", "content": ""}]
        rest[0] = {**rest[0], "content": f"{system['content']}\n\n{rest[0]['content']}".strip()}
        try:
            return self._template(rest)
        except TemplateError as error:
            raise _refused(error) from error

    def _template(self, turns: list[dict[str, str]]) -> str:
        return str(
            self._tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
        )

    def _end_ids(self, folder: Path, config: dict[str, Any]) -> frozenset[int]:
        """Every id that ends an answer: of the generation settings, the model and the tokenizer."""
        generation = read_json(folder / "generation_config.json") or {}
        ids: set[int] = set()
        for stated in (generation.get("eos_token_id"), config.get("eos_token_id")):
            if isinstance(stated, int):
                ids.add(stated)
            elif isinstance(stated, list):
                ids.update(int(one) for one in stated)
        if self._tokenizer.eos_token_id is not None:
            ids.add(int(self._tokenizer.eos_token_id))
        return frozenset(ids)


class AnswerText:
    """Text of an answer as its tokens come, in whole characters.

    Bytes of a character that its tokens have not finished are held back, so that joining what
    `add` returned is always a prefix of the answer decoded whole.
    """

    def __init__(self, tokenizer: Any) -> None:
        from tokenizers.decoders import DecodeStream

        self._tokenizer = tokenizer
        self._stream = DecodeStream(skip_special_tokens=True)

    def add(self, token: int) -> str:
        """The text that became certain with this token, "" where a character is incomplete."""
        return self._stream.step(self._tokenizer, token) or ""


def _refused(error: Exception) -> GenerationError:
    return GenerationError(
        f"The model's chat template does not take this conversation ({error}): begin a new one, or "
        "choose another model."
    )
