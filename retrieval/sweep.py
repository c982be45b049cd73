"""Other passage sizes and weights of BM25, tried on the same questions.

A setting wins only where its nDCG@10 is above the present setting's beyond noise: p by permutation,
adjusted by Holm over everything that was tried, since the best of many is partly luck.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from retrieval.evaluation import Searched, fused_gains
from retrieval.statistics import bootstrap_mean, holm, paired_bootstrap
from retrieval.verdicts import p_text, signed

WEIGHTS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


@dataclass(frozen=True, slots=True)
class SweepRow:
    """One setting that was tried.

    passage_tokens: the longest passage, in the embedder's tokens. lexical_weight: share of BM25.
    passages: how many the documents are cut into. ndcg: nDCG@10 of the fused search with its
    bootstrap 95 % interval low, high. difference: against the present setting, with its interval,
    and p by permutation, adjusted by Holm. present: whether this is the present setting.
    """

    passage_tokens: int
    lexical_weight: float
    passages: int
    ndcg: float
    low: float
    high: float
    difference: float
    difference_low: float
    difference_high: float
    adjusted_p: float
    present: bool = False

    @property
    def better(self) -> bool:
        """Whether it beats the present setting beyond noise."""
        return self.difference_low > 0 and self.adjusted_p < 0.05


@dataclass(frozen=True, slots=True)
class SweepReport:
    """winner: place in rows of the setting to adopt, None where none beats the present one."""

    rows: tuple[SweepRow, ...]
    winner: int | None
    sentence: str


@dataclass(frozen=True, slots=True)
class SizedSearch:
    """What the same questions found in passages of one size."""

    passage_tokens: int
    passages: int
    searched: Sequence[Searched]


def sweep(
    sizes: Sequence[SizedSearch], lexical_weight: float, weights: Sequence[float] = WEIGHTS
) -> SweepReport:
    """Every size with every weight, against the first size with `lexical_weight`.

    Compares the questions that could be judged in every size.
    """
    common = set.intersection(*({one.judged.question.id for one in s.searched} for s in sizes))
    if not common:
        return SweepReport((), None, "Nothing was tried: no question could be judged.")
    tried = sorted({*weights, lexical_weight})
    gains: dict[tuple[int, float], list[float]] = {}
    for size in sizes:
        kept = [one for one in size.searched if one.judged.question.id in common]
        kept.sort(key=lambda one: one.judged.question.id)
        for weight in tried:
            gains[size.passage_tokens, weight] = fused_gains(kept, weight)
    present = (sizes[0].passage_tokens, lexical_weight)
    counts = {size.passage_tokens: size.passages for size in sizes}
    others = [setting for setting in gains if setting != present]
    differences = {one: paired_bootstrap(gains[one], gains[present]) for one in gains}
    adjusted = dict(zip(others, holm([differences[one].p_value for one in others]), strict=True))
    rows = []
    for setting, column in gains.items():
        interval, difference = bootstrap_mean(column), differences[setting]
        rows.append(
            SweepRow(
                passage_tokens=setting[0],
                lexical_weight=setting[1],
                passages=counts[setting[0]],
                ndcg=float(np.mean(column)),
                low=interval.low,
                high=interval.high,
                difference=difference.difference,
                difference_low=difference.low,
                difference_high=difference.high,
                adjusted_p=adjusted.get(setting, 1.0),
                present=setting == present,
            )
        )
    return _report(rows, len(common))


def _report(rows: Sequence[SweepRow], questions: int) -> SweepReport:
    better = [place for place, row in enumerate(rows) if row.better]
    best = max(range(len(rows)), key=lambda place: rows[place].ndcg)
    if better:
        winner = max(better, key=lambda place: rows[place].ndcg)
        return SweepReport(
            tuple(rows),
            winner,
            f"{_setting(rows[winner])} beats the present setting: nDCG@10 "
            f"{signed(rows[winner].difference)}, p {p_text(rows[winner].adjusted_p)} after "
            f"correction for {len(rows) - 1} settings tried on {questions} questions.",
        )
    row = rows[best]
    close = (
        "the present setting is the best tried"
        if row.present
        else f"{_setting(row)} is {signed(row.difference)} above the present one, p "
        f"{p_text(row.adjusted_p)}"
    )
    return SweepReport(
        tuple(rows), None, f"No setting beats the present one beyond noise: {close}."
    )


def _setting(row: SweepRow) -> str:
    return f"A BM25 share of {row.lexical_weight:.1f} with passages of {row.passage_tokens} tokens"
