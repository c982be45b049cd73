"""Rows as the trainer will see them, without loading a model: their length, and what is trained.

The tokenizer is read as it is in the model's folder, so that this needs no torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.errors import ModelError, TrainingError
from assistant.models import read_json
from assistant.training.rows import token_row

_BATCH = 512  # rows tokenized at once


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a row's text. trained: whether its tokens carry loss. tokens: how many."""

    text: str
    trained: bool
    tokens: int


@dataclass(frozen=True, slots=True)
class Preview:
    """A row as it will be trained, chat template and special tokens included.

    thinned: whether a share of the question's tokens may be left out in each epoch (question
    dropout), as of a question that stands alone.
    """

    segments: tuple[Segment, ...]
    tokens: int
    trained_tokens: int
    max_length: int
    thinned: bool

    @property
    def exceeds(self) -> bool:
        """Whether training leaves it out for its length."""
        return self.tokens > self.max_length


class RowTokenizer:
    """The tokenizer and chat template of a base model, for rows of training.

    Raises ModelError where the tokenizer cannot be loaded, TrainingError where the model cannot be
    trained on rows of a chat.
    """

    def __init__(self, folder: Path) -> None:
        from transformers import PreTrainedTokenizerFast

        try:
            self._tokenizer: Any = PreTrainedTokenizerFast.from_pretrained(
                folder, local_files_only=True
            )
        except Exception as error:
            raise ModelError(
                f"The tokenizer of the base model cannot be loaded ({type(error).__name__}): fetch "
                "the model again, or choose another one."
            ) from error
        self._end_ids = _end_ids(folder, self._tokenizer.eos_token_id)
        if not self._end_ids:
            raise TrainingError(
                "The base model has no end-of-text token: choose an instruct model."
            )

    def preview(self, row: dict[str, Any], max_length: int) -> Preview:
        """The row in segments. max_length: tokens, above which training leaves it out."""
        tokens = token_row(self._tokenizer, row, self._end_ids)
        start = tokens.answer_start
        parts = ((tokens.ids[:start], False), (tokens.ids[start:], True))
        segments = tuple(
            Segment(self._text(ids), trained, len(ids)) for ids, trained in parts if ids
        )
        alone = tokens.question != (0, 0)
        return Preview(segments, len(tokens.ids), len(tokens.ids) - start, max_length, alone)

    def lengths(self, rows: Sequence[dict[str, Any]]) -> list[int]:
        """Tokens of each row as `token_row` makes it, many at a time where the template lets it.

        Raises TrainingError where the chat template is missing or refuses a row.
        """
        if not rows:
            return []
        self._exact(rows[0])
        found: list[int] = []
        for start in range(0, len(rows), _BATCH):
            batch = rows[start : start + _BATCH]
            texts = self._tokenizer.apply_chat_template(
                [row["prompt"] + row["completion"] for row in batch], tokenize=False
            )
            encoded = self._tokenizer.backend_tokenizer.encode_batch(
                texts, add_special_tokens=False
            )
            counts = [self._length(one.ids) for one in encoded]
            if start == 0 and self._exact(batch[0]) != counts[0]:
                return [self._exact(row) for row in rows]
            found += counts
        return found

    def _exact(self, row: dict[str, Any]) -> int:
        return len(token_row(self._tokenizer, row, self._end_ids).ids)

    def _length(self, ids: Sequence[int]) -> int:
        """Up to the token that ends the answer, which is added where the template has none."""
        last = next((place for place in range(len(ids), 0, -1) if self._ends(ids[place - 1])), 0)
        return last or len(ids) + 1

    def _ends(self, token: int) -> bool:
        return token in self._end_ids

    def _text(self, ids: Sequence[int]) -> str:
        return str(
            self._tokenizer.decode(
                list(ids), skip_special_tokens=False, clean_up_tokenization_spaces=False
            )
        )


def _end_ids(folder: Path, own: int | None) -> list[int]:
    """What the trainer takes for the end of an answer: its tokenizer's token, then the model's."""
    config = read_json(folder / "config.json") or {}
    generation = read_json(folder / "generation_config.json")
    stated = (generation if generation is not None else config).get("eos_token_id")
    ids = stated if isinstance(stated, list) else [stated] if isinstance(stated, int) else []
    if own is not None and own not in ids:
        ids = [own, *ids]
    return [int(one) for one in ids]
