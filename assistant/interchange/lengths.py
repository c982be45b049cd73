"""How long examples are, in what a model is trained on."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from assistant.facts import words
from assistant.models import model_here
from assistant.records import Assistant, Example
from assistant.training.request import training_rows
from assistant.training.settings import TrainingSettings

_BINS = 16


@dataclass(frozen=True, slots=True)
class LengthBin:
    """count: examples of a length from `low` to below `high`."""

    low: int
    high: int
    count: int


@dataclass(frozen=True, slots=True)
class Lengths:
    """Lengths of examples as rows: chat template, system prompt, question and answer.

    unit: tokens of the base model, or words of question and answer alone where its tokenizer is not
    on this machine (`reason` says so). exceeding: ids of examples longer than max_length tokens,
    which training leaves out; () where words are counted.
    """

    unit: Literal["tokens", "words"]
    reason: str
    bins: tuple[LengthBin, ...]
    shortest: int
    median: float
    longest: int
    max_length: int
    exceeding: tuple[str, ...]

    @property
    def sentence(self) -> str:
        if not self.bins:
            return "There are no examples to measure."
        said = (
            f"{self.shortest:,} to {self.longest:,} {self.unit}, half of them up to "
            f"{self.median:,.0f}."
        )
        if self.unit == "words":
            return f"{said} {self.reason}"
        if not self.exceeding:
            return f"{said} All fit the max length of {self.max_length:,} tokens."
        return (
            f"{said} {len(self.exceeding):,} exceed the max length of {self.max_length:,} tokens "
            "and would be left out of training."
        )


def lengths(
    assistant: Assistant,
    examples: Sequence[Example],
    models: Path,
    max_length: int | None = None,
) -> Lengths:
    """Measure examples with the base model's tokenizer where it is here, else in words.

    models: the folder of the built-in model. max_length: in tokens, that of the training settings
    where not given.
    """
    limit = TrainingSettings().max_length if max_length is None else max_length
    folder = model_here(assistant.base_model, models)
    reason = ""
    counts: list[int] | None = None
    if folder is None:
        reason = "Counted in words, since the base model is not on this machine yet."
    else:
        from assistant.errors import DuetError
        from assistant.training.row_text import RowTokenizer

        try:
            tokenizer = RowTokenizer(folder)
            counts = tokenizer.lengths(training_rows(assistant, examples, None))
        except DuetError as error:
            reason = f"Counted in words: {error}"
    if counts is None:
        own = [len(words(example.question)) + len(words(example.answer)) for example in examples]
        return _lengths("words", reason, own, limit, ())
    exceeding = tuple(e.id for e, count in zip(examples, counts, strict=True) if count > limit)
    return _lengths("tokens", "", counts, limit, exceeding)


def _lengths(
    unit: Literal["tokens", "words"],
    reason: str,
    counts: Sequence[int],
    limit: int,
    exceeding: tuple[str, ...],
) -> Lengths:
    if not counts:
        return Lengths(unit, reason, (), 0, 0, 0, limit, exceeding)
    return Lengths(
        unit,
        reason,
        _bins(counts),
        min(counts),
        statistics.median(counts),
        max(counts),
        limit,
        exceeding,
    )


def _bins(counts: Sequence[int]) -> tuple[LengthBin, ...]:
    """At most 16 bins of one width, a round number, from the shortest on."""
    least, most = min(counts), max(counts)
    width = next(
        size
        for exponent in range(12)
        for size in (10**exponent, 2 * 10**exponent, 5 * 10**exponent)
        if (most // size - least // size + 1) <= _BINS
    )
    first = least // width
    held = [0] * (most // width - first + 1)
    for count in counts:
        held[count // width - first] += 1
    return tuple(
        LengthBin((first + place) * width, (first + place + 1) * width, count)
        for place, count in enumerate(held)
    )
