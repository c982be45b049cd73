"""Preferences as the rows of a run's folder, a tenth of them held back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from assistant.preferences.records import JudgedAnswer, Pair, Preferences
from assistant.prompts import escaped, training_row
from assistant.records import content_hash

Rows = list[dict[str, Any]]

_HELD_BACK = 0.1


def preference_rows(system_prompt: str, found: Preferences) -> dict[str, Rows]:
    """Rows of the splits `train` and `validation`, which share no question.

    A pair has prompt, chosen and rejected; a judged answer prompt, completion and label. The prompt
    holds the very messages that the tuned model is asked closed-book. The other keys say where a
    row comes from; the worker does not need them.
    """
    rows: Sequence[Pair | JudgedAnswer] = found.pairs or found.judged
    held = held_back(rows)
    made: dict[str, Rows] = {"train": [], "validation": []}
    for row in rows:
        split = "validation" if row.question in held else "train"
        made[split].append(_row(system_prompt, row))
    return made


def held_back(rows: Sequence[Pair | JudgedAnswer]) -> frozenset[str]:
    """Questions of about a tenth of the rows, of good and of bad answers alike.

    Fixed by the questions' content hashes, so that the same votes are held back again when more
    have come. None where nothing else would be left to train on.
    """
    held: set[str] = set()
    ordered = sorted({row.question for row in rows}, key=lambda one: content_hash(one.casefold()))
    for label in {_label(row) for row in rows}:
        own = [row.question for row in rows if _label(row) is label]
        wanted = max(1, round(_HELD_BACK * len(own)))
        for question in ordered:
            if sum(one in held for one in own) >= wanted:
                break
            if question in own:
                held.add(question)
    left = {_label(row) for row in rows if row.question not in held}
    return frozenset(held) if left == {_label(row) for row in rows} else frozenset()


def _label(row: Pair | JudgedAnswer) -> bool:
    return isinstance(row, Pair) or row.good


def _row(system_prompt: str, row: Pair | JudgedAnswer) -> dict[str, Any]:
    votes = {"votes": row.votes, "against": row.against}
    if isinstance(row, JudgedAnswer):
        given = {"label": row.good, "given_by": row.given_by}
        return {**training_row(system_prompt, row.question, row.answer), **given, **votes}
    made: dict[str, Any] = dict(training_row(system_prompt, row.question, row.chosen))
    made["chosen"] = made.pop("completion")
    made["rejected"] = [{"role": "assistant", "content": escaped(row.rejected)}]
    return {**made, "chosen_by": row.chosen_by, "rejected_by": row.rejected_by, **votes}
