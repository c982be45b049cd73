"""The curve of a sweep: held-out score against what was varied, and where more stops paying.

Each point is scored on the same questions, so that points are compared in pairs: the mean
difference with its 95 % interval by the paired bootstrap (P. Koehn, Statistical Significance Tests
for Machine Translation Evaluation, EMNLP 2004), and the p-value of the paired permutation test,
which for right and wrong answers is McNemar's (the bootstrap is too sure where few questions
differ). Where none differs the bootstrap would say [0, 0] of four questions as of a thousand: then
the interval is that of Hanley and Lippman-Hand, If nothing goes wrong, is everything all right?
(JAMA 1983), by which none of n leaves a share of up to 1 - .05^(1/n). More pays where it is better
at the 5 % level, and stops paying at the first point that no later one beats so: the
smallest of those that are as good as any. That is the one-standard-error rule's preference for the
simpler of what cannot be told apart (L. Breiman and others, Classification and Regression Trees,
1984, section 3.4.3), with the paired test in place of one standard error. Whether the questions
could have shown more is said apart: a step is flat where its interval ends below MARGIN, else it
is open. Nothing is corrected for the number of comparisons.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from assistant.evaluation.records import Mean
from assistant.evaluation.significance import metric_mean
from assistant.sweeps.records import SweepKind
from retrieval.statistics import ALPHA, PairedDifference, paired_bootstrap

MARGIN = 0.05  # of fact recall, below which a rise is not worth more work

Outcome = Literal["rises", "flat", "open", "falls"]
Scores = Mapping[str, float]
"""Fact recall of each question, by its id, in [0, 1]."""


@dataclass(frozen=True, slots=True)
class Scored:
    """A point with its scores; none while its run is not done. value as in `records.Point`."""

    label: str
    value: float
    run_id: str
    scores: Scores
    minutes: float | None = None
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """A point of the curve. score: with its 95 % interval; None where it was not scored."""

    label: str
    value: float
    run_id: str
    score: Mean | None
    minutes: float | None
    rows: int | None


@dataclass(frozen=True, slots=True)
class CurveStep:
    """From one scored point to the next: the later minus the earlier, over n questions.

    outcome: rises or falls where p_value is below .05; else flat where the interval ends below
    MARGIN, open where the questions are too few to say.
    """

    first: str
    second: str
    difference: float
    low: float
    high: float
    p_value: float
    n: int
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Curve:
    """What a sweep found.

    stops_at: label of the point from which more does not pay, "" where the last step still pays,
    fewer than two points were scored, or learning rates are tried. sentences: all of it in words.
    """

    kind: SweepKind
    points: tuple[CurvePoint, ...]
    steps: tuple[CurveStep, ...]
    rag: Mean | None
    base: Mean | None
    stops_at: str
    sentences: tuple[str, ...]


def curve(
    kind: SweepKind, scored: Sequence[Scored], rag: Scores | None, base: Scores | None
) -> Curve:
    """The curve of the points in ascending order of their value."""
    ordered = sorted(scored, key=lambda one: one.value)
    points = tuple(
        CurvePoint(one.label, one.value, one.run_id, _mean(one.scores), one.minutes, one.rows)
        for one in ordered
    )
    known = [one for one in ordered if one.scores]
    steps = tuple(step(a, b) for a, b in pairwise(known))
    stops_at = _stops_at(known) if kind != "learning-rate" else ""  # a higher rate is not more
    return Curve(
        kind,
        points,
        steps,
        _mean(rag or {}),
        _mean(base or {}),
        stops_at,
        tuple(_sentences(kind, known, steps, stops_at, rag)),
    )


def step(first: Scored, second: Scored) -> CurveStep:
    """The later point minus the earlier one, on the questions that both answered."""
    pair = _paired(second.scores, first.scores)
    if pair is None:
        return CurveStep(first.label, second.label, 0.0, -1.0, 1.0, 1.0, 0, "open")
    outcome: Outcome = "flat" if pair.high < MARGIN else "open"
    if pair.p_value < ALPHA:
        outcome = "rises" if pair.difference > 0 else "falls"
    return CurveStep(
        first.label,
        second.label,
        pair.difference,
        pair.low,
        pair.high,
        pair.p_value,
        pair.n,
        outcome,
    )


def _paired(one: Scores, other: Scores) -> PairedDifference | None:
    shared = [question for question in one if question in other]
    if not shared:
        return None
    pair = paired_bootstrap([one[q] for q in shared], [other[q] for q in shared])
    if any(one[q] != other[q] for q in shared):
        return pair
    most = 1 - ALPHA ** (1 / len(shared))
    return replace(pair, low=-most, high=most)


def _stops_at(known: Sequence[Scored]) -> str:
    """The first point that no later one beats, "" where that is the last or none recalls."""
    if not _recalled(known):
        return ""
    for place, one in enumerate(known[:-1]):
        if all(step(one, later).outcome != "rises" for later in known[place + 1 :]):
            return one.label
    return ""


def _recalled(known: Sequence[Scored]) -> bool:
    """Whether any point answered any question."""
    return any(any(one.scores.values()) for one in known)


def _mean(scores: Scores) -> Mean | None:
    return metric_mean(list(scores.values())) if scores else None


def _sentences(
    kind: SweepKind,
    known: Sequence[Scored],
    steps: Sequence[CurveStep],
    stops_at: str,
    rag: Scores | None,
) -> list[str]:
    if not known:
        return ["No run of this sweep is scored yet."]
    if len(known) > 1 and not _recalled(known):
        said = [
            f"No run recalled any of the {len(known[0].scores)} questions, so that nothing can be "
            "said of what pays: train for more epochs, or on a larger model."
        ]
    elif kind == "learning-rate":
        said = [_best_rate(known)]
    elif not steps:
        said = ["One point is scored: a curve needs two."]
    else:
        said = [_paying(kind, known, stops_at)]
    if rag:
        said.append(_against_rag(known[-1] if kind != "learning-rate" else _best(known), rag))
    return said


def _paying(kind: SweepKind, known: Sequence[Scored], stops_at: str) -> str:
    if not stops_at:
        more = "write more examples" if kind == "data" else "a larger model may know still more"
        return f"{_rise(kind, step(known[-2], known[-1]))}: still rising, {more}."
    place = next(place for place, one in enumerate(known) if one.label == stops_at)
    later = [step(known[place], one) for one in known[place + 1 :]]
    what = "more of the same examples is" if kind == "data" else "the larger model is"
    if all(one.outcome in ("flat", "falls") for one in later):
        return f"{_rise(kind, later[-1])}: {what} not worth it."
    return (
        f"{_rise(kind, later[-1])}{_may_be(later[-1].difference)}: {what} not shown to pay, and "
        f"{later[-1].n} questions are too few to rule out a rise of {_share(MARGIN)}."
    )


def _rise(kind: SweepKind, one: CurveStep) -> str:
    of = " of the data" if kind == "data" else ""
    went = "stayed the same"
    if one.difference:
        went = f"{'rose' if one.difference > 0 else 'fell'} by {_share(abs(one.difference))}"
    return (
        f"From {one.first} to {one.second}{of} recall {went} [{_share(one.low)}, "
        f"{_share(one.high)}]"
    )


def _may_be(difference: float) -> str:
    return ", which may be chance" if difference else ""


def _best(known: Sequence[Scored]) -> Scored:
    return max(known, key=lambda one: sum(one.scores.values()) / len(one.scores))


def _best_rate(known: Sequence[Scored]) -> str:
    best = _best(known)
    mean = sum(best.scores.values()) / len(best.scores)
    others = []
    for one in known:
        pair = _paired(one.scores, best.scores) if one is not best else None
        if pair is not None:
            sure = _sure(pair)
            others.append(
                f"{one.label} differs by {_share(pair.difference)} "
                f"[{_share(pair.low)}, {_share(pair.high)}]{sure}"
            )
    held = f"; {'; '.join(others)}" if others else ""
    return f"Recall is highest at a learning rate of {best.label}, {_share(mean)}{held}."


def _against_rag(point: Scored, rag: Scores) -> str:
    pair = _paired(point.scores, rag)
    if pair is None:
        return "RAG answered none of the same questions."
    where = "above" if pair.difference > 0 else "below" if pair.difference < 0 else "level with"
    sure = _sure(pair)
    by = f"{_share(abs(pair.difference))} " if pair.difference else ""
    return (
        f"On the same {pair.n} questions the tuned model at {point.label} is {by}{where} RAG "
        f"[{_share(pair.low)}, {_share(pair.high)}]{sure}."
    )


def _sure(pair: PairedDifference) -> str:
    """What is added to a difference that the test does not tell from none."""
    if pair.p_value < ALPHA or not pair.difference:
        return ""
    return f", which may be chance (p = {_share(pair.p_value)})"


def _share(value: float) -> str:
    """.03 and -.04, as shares are printed."""
    text = f"{value:.2f}"
    if text in ("-0.00", "0.00"):
        return "0"
    return text.replace("0.", ".", 1)
