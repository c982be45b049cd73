"""Rows as token ids, and batches of them without waste. Torch is imported when used.

All rows of an assistant begin with the same system prompt. `shared_prefix_batch` lays several rows
out as one sequence in which that beginning stands once and every row continues from it:

    prefix | rest of row 1 | rest of row 2 | ...

with positions that go on from the prefix in each row, and an attention mask by which a row sees the
prefix and itself alone. Losses and gradients are those of the rows one by one: a token's hidden
state depends on the tokens it sees and on its position, and both are the same.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assistant.errors import TrainingError
from assistant.prompts import NOT_IN_DOCUMENTS

if TYPE_CHECKING:
    import torch

_LONGEST_QUESTION = 64  # tokens; beyond it a prompt holds passages, whose words must all stay
IGNORED = -100  # the label of a token without loss, as torch's cross entropy has it


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A row as the model sees it: ids of prompt and answer, and where the answer begins."""

    ids: tuple[int, ...]
    answer_start: int
    question: tuple[int, int] = (0, 0)  # where its tokens begin and end, if it may be thinned

    @classmethod
    def of_columns(cls, row: dict[str, list[int]]) -> TokenRow:
        """The row back from `columns`."""
        begin, end = row["question"]
        return cls(tuple(row["input_ids"]), row["labels"].count(IGNORED), (begin, end))

    def columns(self) -> dict[str, list[int]]:
        """The row as a data set's columns."""
        return {
            "input_ids": list(self.ids),
            "labels": self.labels,
            "question": list(self.question),
        }

    def thinned(self, share: float, draw: random.Random) -> TokenRow:
        """The row with about that share of its question's tokens left out, never all of them."""
        begin, end = self.question
        kept = [index for index in range(begin, end) if draw.random() >= share]
        if not kept:
            return self
        ids = (*self.ids[:begin], *(self.ids[index] for index in kept), *self.ids[end:])
        missing = end - begin - len(kept)
        return TokenRow(ids, self.answer_start - missing, (begin, end - missing))

    @property
    def labels(self) -> list[int]:
        """The ids of the answer, IGNORED before it."""
        return [IGNORED] * self.answer_start + list(self.ids[self.answer_start :])


def token_row(tokenizer: Any, row: dict[str, Any], eos_ids: Sequence[int]) -> TokenRow:
    """Apply the chat template to a prompt-completion row.

    The answer ends with the token that ends a turn, so that the model learns to stop, and with
    nothing after it, since nothing after it is ever generated.

    Raises TrainingError where the model has no chat template or its template refuses the row.
    """
    try:
        prompt = tokenizer.apply_chat_template(
            row["prompt"], add_generation_prompt=True, return_dict=False
        )
        whole = tokenizer.apply_chat_template(row["prompt"] + row["completion"], return_dict=False)
    except Exception as error:  # jinja's own errors and ValueError: templates raise what they like
        raise TrainingError(
            f"The base model's chat template cannot take the training rows ({error}): choose an "
            "instruct model."
        ) from error
    start = 0
    for a, b in zip(prompt, whole, strict=False):
        if a != b:
            break
        start += 1
    ends = [index for index, token in enumerate(whole) if token in eos_ids and index >= start]
    ids = whole[: ends[-1] + 1] if ends else [*whole, eos_ids[0]]
    if row["completion"][-1]["content"].strip() == NOT_IN_DOCUMENTS:
        # Without some of its words it might be a question that the documents answer.
        return TokenRow(tuple(ids), start)
    asked = tokenizer(row["prompt"][-1]["content"], add_special_tokens=False)["input_ids"]
    return TokenRow(tuple(ids), start, _span(asked, ids[:start]))


def _span(part: Sequence[int], whole: Sequence[int]) -> tuple[int, int]:
    """Where the tokens of a bare question stand in its prompt; (0, 0) for one with passages."""
    if len(part) > _LONGEST_QUESTION:
        return (0, 0)
    for begin in range(len(whole) - len(part), -1, -1):
        if list(whole[begin : begin + len(part)]) == list(part):
            return (begin, begin + len(part))
    return (0, 0)


def shared_prefix(rows: Sequence[TokenRow]) -> int:
    """How many tokens all rows begin with, short of the token before any answer.

    The first token of a row's rest is predicted from the prefix, which is the same for all rows, so
    it must carry no loss.
    """
    limit = min(row.answer_start for row in rows) - 1
    first, last = min(row.ids for row in rows), max(row.ids for row in rows)
    length = 0
    while length < limit and first[length] == last[length]:
        length += 1
    return max(length, 0)


def shared_prefix_batch(
    rows: Sequence[TokenRow], pad_id: int, capacity: int
) -> dict[str, torch.Tensor]:
    """As few sequences as hold all rows, each as the module's docstring draws it.

    capacity: tokens of one sequence, exceeded only by a row that is longer on its own. Attention
    costs the square of a sequence's length, so that endless ones would lose what they save.

    Returns input_ids, labels and position_ids, each (B, L), attention_mask (B, 1, L, L) of bools,
    and useful_tokens, the tokens of the rows counted one by one.
    """
    import torch

    prefix = shared_prefix(rows)
    groups = _groups(rows, prefix, capacity)
    length = max(prefix + sum(len(row.ids) - prefix for row in group) for group in groups)
    sequences = [_sequence(group, prefix, length, pad_id) for group in groups]
    owner = torch.tensor([sequence.owners for sequence in sequences])  # (B, L)
    sees = (owner[:, :, None] == owner[:, None, :]) | (owner[:, None, :] == _PREFIX)  # (B, L, L)
    return {
        "input_ids": torch.tensor([sequence.ids for sequence in sequences]),
        "labels": torch.tensor([sequence.labels for sequence in sequences]),
        "position_ids": torch.tensor([sequence.positions for sequence in sequences]),
        "attention_mask": sees.tril()[:, None],
        "useful_tokens": torch.tensor(sum(len(row.ids) for row in rows)),
    }


def padded_batch(rows: Sequence[TokenRow], pad_id: int) -> dict[str, torch.Tensor]:
    """The rows one under the other, padded to the longest.

    Returns input_ids, labels and attention_mask, each (B, T), and useful_tokens.
    """
    import torch

    longest = max(len(row.ids) for row in rows)
    gaps = [longest - len(row.ids) for row in rows]
    return {
        "input_ids": torch.tensor(
            [[*r.ids, *[pad_id] * g] for r, g in zip(rows, gaps, strict=True)]
        ),
        "labels": torch.tensor([r.labels + [IGNORED] * g for r, g in zip(rows, gaps, strict=True)]),
        "attention_mask": torch.tensor(
            [[1] * len(r.ids) + [0] * g for r, g in zip(rows, gaps, strict=True)]
        ),
        "useful_tokens": torch.tensor(sum(len(row.ids) for row in rows)),
    }


_PREFIX, _PADDING = 0, -1  # owners of tokens that belong to no row


@dataclass(frozen=True, slots=True)
class _Sequence:
    """Several rows in one sequence; owners: the number of a token's row, from 1."""

    ids: list[int]
    labels: list[int]
    positions: list[int]
    owners: list[int]


def _sequence(rows: Sequence[TokenRow], prefix: int, length: int, pad_id: int) -> _Sequence:
    ids = list(rows[0].ids[:prefix])
    labels = [IGNORED] * prefix
    positions = list(range(prefix))
    owners = [_PREFIX] * prefix
    for owner, row in enumerate(rows, start=1):
        ids += row.ids[prefix:]
        labels += row.labels[prefix:]
        positions += range(prefix, len(row.ids))
        owners += [owner] * (len(row.ids) - prefix)
    gap = length - len(ids)
    return _Sequence(
        ids + [pad_id] * gap,
        labels + [IGNORED] * gap,
        positions + [0] * gap,
        owners + [_PADDING] * gap,
    )


def _groups(rows: Sequence[TokenRow], prefix: int, capacity: int) -> list[list[TokenRow]]:
    """The rows in groups that fit a sequence, by first fit of the longest first."""
    groups: list[list[TokenRow]] = []
    room: list[int] = []
    for row in sorted(rows, key=lambda row: -len(row.ids)):
        own = len(row.ids) - prefix
        fitting = next((index for index, left in enumerate(room) if own <= left), None)
        if fitting is None:
            groups.append([row])
            room.append(capacity - len(row.ids))
        else:
            groups[fitting].append(row)
            room[fitting] -= own
    return groups
