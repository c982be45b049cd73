"""Rows of a run on votes as token ids: read, left out where too long, and as TRL's columns."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.errors import TrainingError
from assistant.training.folder import RunFolder, read_rows
from assistant.training.preference_trainer import judged_columns, pair_columns
from assistant.training.rows import TokenRow, token_row
from assistant.training.settings import TrainingSettings

Judged = tuple[tuple[TokenRow, ...], bool]
"""The answers of a row, each after its prompt, and whether it is a good one."""


@dataclass(frozen=True, slots=True)
class VoteRows:
    """left_out: training rows that are longer than allowed."""

    train: list[Judged]
    validation: list[Judged]
    left_out: int


def vote_rows(
    folder: RunFolder, tokenizer: Any, ends: Sequence[int], settings: TrainingSettings
) -> VoteRows:
    """The rows that are short enough, those of training in their order of the seed."""
    found: dict[Path, list[Judged]] = {}
    for path in (folder.train, folder.validation):
        tokens = [_tokens(tokenizer, row, ends) for row in read_rows(path)]
        found[path] = [
            (parts, good)
            for parts, good in tokens
            if all(len(part.ids) <= settings.max_length for part in parts)
        ]
        if path == folder.train:
            left_out = len(tokens) - len(found[path])
    train = found[folder.train]
    if len(train) < 2:
        raise TrainingError(
            f"Of the votes {len(train)} fit into {settings.max_length} tokens, and two are the "
            f"least; {left_out} are longer: train on the examples with a larger max length, and "
            "on the votes from there."
        )
    # KTO goes through its rows in one order, since each is paired with a neighbour.
    random.Random(settings.seed).shuffle(train)
    return VoteRows(train, found[folder.validation], left_out)


def _tokens(tokenizer: Any, row: dict[str, Any], ends: Sequence[int]) -> Judged:
    if "label" in row:
        return (token_row(tokenizer, row, ends),), row["label"]
    answers = ({"prompt": row["prompt"], "completion": row[key]} for key in ("chosen", "rejected"))
    return tuple(token_row(tokenizer, answer, ends) for answer in answers), True


def columns(method: str, rows: Sequence[Judged], at_once: int) -> list[dict[str, Any]]:
    """The rows as a data set's columns, by method. at_once: rows of a pass."""
    if method == "dpo":
        return [dict(pair_columns(*parts)) for parts, _ in rows]
    return [dict(one) for one in judged_columns([(p[0], good) for p, good in rows], at_once)]


def tokens_of(row: dict[str, Any]) -> int:
    """Tokens of both answers of a pair, or of a judged one, each with its prompt."""
    answers = [row[key] for key in ("chosen_ids", "rejected_ids", "completion_ids") if key in row]
    return sum(len(row["prompt_ids"]) + len(answer) for answer in answers)
