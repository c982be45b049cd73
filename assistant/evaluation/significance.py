"""What the scores of contenders say of their difference, and whether the questions are enough."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from math import sqrt

import numpy as np

from assistant.evaluation.catalogue import MAIN_METRICS, METRICS, title
from assistant.evaluation.records import Difference, EvaluatedAnswer, Mean
from assistant.tallies import wilson_interval
from retrieval.statistics import (
    ALPHA,
    bootstrap_mean,
    detectable_difference,
    holm,
    paired_bootstrap,
    questions_needed,
)

Scores = Mapping[str, Mapping[str, float]]
"""By question id, the scores of an answer by metric name."""

_FEW = 10  # values below which a bootstrap interval is too narrow to be shown
_PLANNED = 0.08  # the difference that questions are planned for, as a share
_HOPELESS = 5_000  # questions from which a difference is not worth looking for
_Z_95 = 1.959963984540054


def scores_of(answers: Sequence[EvaluatedAnswer]) -> dict[str, Mapping[str, float]]:
    """One contender's scores by question id."""
    return {one.question.id: one.scores for one in answers}


def metric_mean(values: Sequence[float]) -> Mean:
    """Mean with its 95 % interval: bootstrap, or Wilson's where a bootstrap would be too narrow.

    Wilson's is taken for values in [0, 1] that are all 0 or 1, all equal, or fewer than 10; for
    values between 0 and 1 it is wider than it need be, since they vary less than a coin does.
    Raises ValueError for no values or NaN.
    """
    array = np.asarray(values, dtype=np.float64)
    bounded = bool(np.all((array >= 0) & (array <= 1)))
    plain = bool(np.isin(array, (0, 1)).all()) or array.size < _FEW or float(np.ptp(array)) == 0
    mean = float(array.mean()) if array.size else 0.0
    if array.size and bounded and plain:
        low, high = wilson_interval(min(array.sum(), array.size), array.size)
    else:
        interval = bootstrap_mean(array)
        low, high = interval.low, interval.high
    return Mean(mean, low, high, int(array.size))


def contender_means(scores: Mapping[str, Scores]) -> dict[str, dict[str, Mean]]:
    """Per contender and metric. The outer key of `scores` is the contender's id."""
    return {
        contender: {
            name: metric_mean(values)
            for name in _metrics(own)
            if (values := [row[name] for row in own.values() if name in row])
        }
        for contender, own in scores.items()
    }


def contender_differences(scores: Mapping[str, Scores]) -> tuple[Difference, ...]:
    """Each pair of contenders on each metric, over the questions that both were scored on.

    The interval is a paired bootstrap's. The p-value is the paired permutation test's, which is
    McNemar's exact test where all values are 0 or 1. `adjusted` is Holm's over all rows here.
    """
    found = []
    for (first, a), (second, b) in combinations(scores.items(), 2):
        for name in _metrics(a):
            pairs = [
                (row[name], b[question][name])
                for question, row in a.items()
                if name in row and name in b.get(question, {})
            ]
            if pairs:
                own, other = zip(*pairs, strict=True)
                found.append((name, first, second, paired_bootstrap(own, other)))
    adjusted = holm([one.p_value for *_, one in found])
    return tuple(
        Difference(
            metric=name,
            first=first,
            second=second,
            difference=one.difference,
            low=one.low,
            high=one.high,
            p_value=one.p_value,
            adjusted=corrected,
            n=one.n,
        )
        for (name, first, second, one), corrected in zip(found, adjusted, strict=True)
    )


def main_metric(differences: Sequence[Difference]) -> str:
    """What the contenders are told apart by here; "" where nothing was compared."""
    known = dict.fromkeys(one.metric for one in differences)
    return next((name for name in (*MAIN_METRICS, *known) if name in known), "")


def enough(questions: int, differences: Sequence[Difference], names: Mapping[str, str]) -> str:
    """One to three sentences: what so many questions can tell apart, and what more would take.

    names: what to call each contender id.
    """
    if questions == 0:
        return "There are no questions: import a file of them, or write some from the documents."
    sentences = [_in_general(questions)]
    compared = [one for one in differences if one.metric == main_metric(differences)]
    open_pairs = [one for one in compared if one.adjusted > ALPHA]
    if compared and not open_pairs:
        sentences.append(f"They do tell every pair apart by {title(compared[0].metric).lower()}.")
    sentences += [_of_pair(one, names) for one in open_pairs[:1]]
    if len(open_pairs) > 1:
        sentences.append(f"{len(open_pairs)} of {len(compared)} pairs are not told apart yet.")
    return " ".join(sentences)


def needed_for(difference: Difference) -> int | None:
    """Questions with which a difference of this size is found at 80 % power; None where none is
    seen, or where it would take more than 5,000. The spread is read off the interval."""
    spread = (difference.high - difference.low) / (2 * _Z_95) * sqrt(difference.n)
    if difference.difference == 0 or spread == 0:
        return None
    needed = questions_needed(difference.difference, spread)
    return needed if needed <= _HOPELESS else None


def rounded(count: int) -> str:
    """A planned count without digits that mean nothing: 307 is "300", 1,234 is "1,000"."""
    step = max(1, 10 ** (len(str(count)) - 1) // 2)
    return f"{max(step, round(count / step) * step):,}"


def _in_general(questions: int) -> str:
    needed = questions_needed(_PLANNED)
    points = f"{100 * detectable_difference(questions):.0f}"
    count = "1 question is" if questions == 1 else f"{questions:,} questions are"
    if questions >= needed:
        return f"{count} enough to tell apart contenders that differ by {points} points or more."
    return (
        f"{count} few: differences below {points} points mostly go unnoticed. "
        f"Plan for about {rounded(needed)} to tell {100 * _PLANNED:.0f} points apart."
    )


def _of_pair(one: Difference, names: Mapping[str, str]) -> str:
    first, second = names.get(one.first, one.first), names.get(one.second, one.second)
    metric = title(one.metric)
    needed = needed_for(one)
    seen = (
        f"{first} and {second} differ by {100 * abs(one.difference):.1f} points in "
        f"{metric}, which may be chance"
    )
    if needed is None:
        return f"{seen}; if they differ at all, more than {_HOPELESS:,} questions would show it."
    if needed <= one.n:
        return f"{seen} once all {len(METRICS)} metrics are looked at together."
    return f"{seen}: about {rounded(needed)} questions would tell a difference of that size."


def _metrics(scores: Scores) -> list[str]:
    """The metrics of a contender in the order in which they are shown."""
    known = {name for row in scores.values() for name in row}
    return [name for name in METRICS if name in known] + sorted(known - METRICS.keys())
