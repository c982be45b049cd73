"""When to say that the documents do not say: a rule on raw scores, fitted on known questions.

Raw cosine and overlap (the share of the question's BM25 weight that a passage holds) tell whether
anything relevant was found; the normalised fusion cannot, since its best is always near 1. A rule
is fitted so that at least 95 % of the questions in scope are let through and as few as possible of
those out of scope; the figures are cross-validated, so never of the questions that were fitted.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from retrieval.documents import Hit
from retrieval.verdicts import plural

TARGET_COVERAGE = 0.95
LEAST_IN_SCOPE = 30
LEAST_OUT_OF_SCOPE = 10
_FOLDS = 5
_POINTS = 100
_OVERLAPS = tuple(round(0.2 + 0.05 * step, 2) for step in range(13))

RuleName = Literal["thresholds", "logistic"]
Scores = NDArray[np.float64]


class Rule(Protocol):
    """Whether a hit says something about the question: confidence(hit) >= 0."""

    def confidence(self, cosine: float, overlap: float) -> float: ...


@dataclass(frozen=True, slots=True)
class ThresholdRule:
    """A high cosine decides alone; from half of it on, an overlap of min_overlap is enough."""

    min_cosine: float
    min_overlap: float

    def confidence(self, cosine: float, overlap: float) -> float:
        """In units of cosine."""
        return (2 * cosine if overlap >= self.min_overlap else cosine) - self.min_cosine


@dataclass(frozen=True, slots=True)
class LogisticRule:
    """intercept + cosine_weight * cosine + overlap_weight * overlap >= 0."""

    intercept: float
    cosine_weight: float
    overlap_weight: float

    def confidence(self, cosine: float, overlap: float) -> float:
        """Log-odds, shifted so that 0 decides."""
        return self.intercept + self.cosine_weight * cosine + self.overlap_weight * overlap


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was found for a question: (cosine, overlap) of each of the hits it would be shown."""

    hits: tuple[tuple[float, float], ...]

    @classmethod
    def of(cls, hits: Sequence[Hit]) -> Evidence:
        return cls(tuple((hit.cosine, hit.overlap) for hit in hits))


@dataclass(frozen=True, slots=True)
class RiskCoveragePoint:
    """What one threshold would do.

    threshold: on the confidence, where 0 is the fitted decision. coverage: share of all questions
    that are let through. risk: share of those let through that are out of scope. in_scope,
    out_of_scope: share of each group that is let through. All in [0, 1].
    """

    threshold: float
    coverage: float
    risk: float
    in_scope: float
    out_of_scope: float


@dataclass(frozen=True, slots=True)
class RuleRates:
    """Share of the questions in scope, and out of scope, that a rule lets through, in [0, 1]."""

    in_scope: float
    out_of_scope: float


@dataclass(frozen=True, slots=True)
class AbstentionReport:
    """The fitted rule and what it is worth.

    rule: None where there were too few questions, or the present rule was no worse; the present one
    is kept then. present: rates of the rule in use. fitted: cross-validated rates of the better
    fitted rule. points: its risk-coverage curve, from strict to lenient, cross-validated.
    area: under that curve, less is better. sentence: all this in words.
    """

    questions_in: int
    questions_out: int
    own_out: int
    present: RuleRates
    fitted: RuleRates | None
    rule: RuleName | None
    min_cosine: float
    min_overlap: float
    relevance_logit: tuple[float, float, float] | None
    points: tuple[RiskCoveragePoint, ...]
    area: float | None
    sentence: str


def confidence(rule: Rule, evidence: Evidence) -> float:
    """Of the best hit; minus infinity where nothing was found."""
    return max((rule.confidence(c, o) for c, o in evidence.hits), default=-np.inf)


def passes(rule: Rule, hits: Sequence[Hit]) -> bool:
    """Whether any of the hits says something about the question, by raw scores alone."""
    return confidence(rule, Evidence.of(hits)) >= 0


def fit(
    inside: Sequence[Evidence], outside: Sequence[Evidence], own_out: int, present: Rule
) -> AbstentionReport:
    """Fit both rules, and keep the one that lets fewer questions out of scope through.

    inside: of questions that the documents answer. outside: of those they do not, the first
    `own_out` of them the assistant's own, the rest general ones.
    """
    now = _rates(_confidences(present, inside), _confidences(present, outside))
    kept = AbstentionReport(
        questions_in=len(inside),
        questions_out=len(outside),
        own_out=own_out,
        present=now,
        fitted=None,
        rule=None,
        min_cosine=0.0,
        min_overlap=0.0,
        relevance_logit=None,
        points=(),
        area=None,
        sentence="",
    )
    if len(inside) < LEAST_IN_SCOPE or own_out < LEAST_OUT_OF_SCOPE:
        points, area = _curve(_confidences(present, inside), _confidences(present, outside))
        return replace(
            kept,
            points=points,
            area=area,
            sentence=f"The threshold stays as it is: {plural(len(inside), 'question')} in scope "
            f"and {own_out} of the assistant's own out of scope are too few to fit it "
            f"({LEAST_IN_SCOPE} and {LEAST_OUT_OF_SCOPE} are needed).",
        )
    tried = {name: _cross_validated(fitter, inside, outside) for name, fitter in _FITTERS.items()}
    name: RuleName = min(_FITTERS, key=lambda name: _loss(_rates(*tried[name])))
    rates = _rates(*tried[name])
    points, area = _curve(*tried[name])
    report = replace(kept, fitted=rates, points=points, area=area)
    if _loss(rates) >= _loss(now):
        return replace(
            report,
            sentence=f"The threshold stays as it is: it lets {_share(now.in_scope)} of the "
            f"questions in scope and {_share(now.out_of_scope)} of the others through, and a "
            f"fitted one no better ({_share(rates.in_scope)} and {_share(rates.out_of_scope)}).",
        )
    rule = _FITTERS[name](inside, outside)
    report = replace(
        report,
        rule=name,
        sentence=f"The fitted threshold lets {_share(rates.in_scope)} of the questions in scope "
        f"and {_share(rates.out_of_scope)} of the others through (cross-validated); the present "
        f"one {_share(now.in_scope)} and {_share(now.out_of_scope)}.",
    )
    if isinstance(rule, LogisticRule):
        weights = (rule.intercept, rule.cosine_weight, rule.overlap_weight)
        return replace(report, relevance_logit=weights)
    assert isinstance(rule, ThresholdRule)
    return replace(report, min_cosine=rule.min_cosine, min_overlap=rule.min_overlap)


def fit_thresholds(inside: Sequence[Evidence], outside: Sequence[Evidence]) -> Rule:
    """The pair of thresholds with the least loss, over a grid of overlaps."""
    best: tuple[float, ThresholdRule] | None = None
    for overlap in _OVERLAPS:
        rule = ThresholdRule(0.0, overlap)
        scores = _confidences(rule, inside), _confidences(rule, outside)
        cut = _cut(*scores)
        loss = _loss(_rates(scores[0] - cut, scores[1] - cut))
        if best is None or loss < best[0]:
            best = loss, ThresholdRule(cut, overlap)
    assert best is not None
    return best[1]


def fit_logistic(inside: Sequence[Evidence], outside: Sequence[Evidence]) -> Rule:
    """Logistic regression, groups weighted alike, on each question's hit of best cosine + overlap;
    its intercept is then moved to where the target coverage is reached."""
    from sklearn.linear_model import LogisticRegression

    features = [max(one.hits, key=sum, default=(0.0, 0.0)) for one in (*inside, *outside)]
    model = LogisticRegression(class_weight="balanced", C=10.0)
    model.fit(np.array(features), np.repeat((1, 0), (len(inside), len(outside))))
    cosine, overlap = (max(float(weight), 0.0) for weight in model.coef_[0])
    rule = LogisticRule(0.0, cosine, overlap)
    cut = _cut(_confidences(rule, inside), _confidences(rule, outside))
    return LogisticRule(-cut, cosine, overlap)


_FITTERS: dict[RuleName, Callable[[Sequence[Evidence], Sequence[Evidence]], Rule]] = {
    "thresholds": fit_thresholds,
    "logistic": fit_logistic,
}


def _confidences(rule: Rule, evidence: Sequence[Evidence]) -> Scores:
    return np.array([confidence(rule, one) for one in evidence], dtype=np.float64)


def _cut(inside: Scores, outside: Scores) -> float:
    """The threshold that lets the target share of `inside` through and the least of `outside`.

    Among equals it is in the middle of the widest gap that nothing falls in, so that a question
    that is a little worse than those known is still let through.
    """
    values = np.unique(np.concatenate([inside, outside]))
    values = values[np.isfinite(values)]
    if not len(values):
        return 0.0
    cuts = np.concatenate([[values[0] - 1e-6], (values[1:] + values[:-1]) / 2])
    held = (inside[None, :] >= cuts[:, None]).mean(axis=1)
    leaked = (outside[None, :] >= cuts[:, None]).mean(axis=1)
    allowed = held >= TARGET_COVERAGE
    best = np.lexsort((-held, leaked, ~allowed))[0]
    return float(cuts[best])


def _cross_validated(
    fitter: Callable[[Sequence[Evidence], Sequence[Evidence]], Rule],
    inside: Sequence[Evidence],
    outside: Sequence[Evidence],
) -> tuple[Scores, Scores]:
    """Confidences of all questions, each under a rule that was fitted without it."""
    held: list[Scores] = [np.empty(len(inside)), np.empty(len(outside))]
    folds = [np.random.default_rng(0).permutation(len(group)) % _FOLDS for group in held]
    for fold in range(_FOLDS):
        rule = fitter(
            [one for one, its in zip(inside, folds[0], strict=True) if its != fold],
            [one for one, its in zip(outside, folds[1], strict=True) if its != fold],
        )
        for group, scores, its in zip((inside, outside), held, folds, strict=True):
            for place in np.flatnonzero(its == fold).tolist():
                scores[place] = confidence(rule, group[place])
    return held[0], held[1]


def _rates(inside: Scores, outside: Scores) -> RuleRates:
    return RuleRates(
        float((inside >= 0).mean()) if len(inside) else 0.0,
        float((outside >= 0).mean()) if len(outside) else 0.0,
    )


def _loss(rates: RuleRates) -> float:
    """Both kinds of error alike; below the target coverage a refusal counts four times."""
    missing = max(TARGET_COVERAGE - rates.in_scope, 0)
    return (1 - rates.in_scope) + rates.out_of_scope + 3 * missing


def _curve(inside: Scores, outside: Scores) -> tuple[tuple[RiskCoveragePoint, ...], float | None]:
    """The risk-coverage curve and the area under it (Geifman and El-Yaniv 2017)."""
    total = len(inside) + len(outside)
    if not len(inside) or not len(outside):
        return (), None
    scores = np.concatenate([inside, outside])
    wrong = np.repeat((0.0, 1.0), (len(inside), len(outside)))
    order = np.argsort(-scores, kind="stable")
    scores, wrong = scores[order], wrong[order]
    risks = np.cumsum(wrong) / np.arange(1, total + 1)
    # Questions of one score are let through together.
    ends = np.append(np.flatnonzero(scores[:-1] != scores[1:]), total - 1)
    area = float((risks[ends] * np.diff(ends, prepend=-1)).sum() / total)
    finite = [int(end) for end in ends if np.isfinite(scores[end])]
    step = max(1, math.ceil(len(finite) / _POINTS))
    points = tuple(
        RiskCoveragePoint(
            threshold=float(scores[end]),
            coverage=float((end + 1) / total),
            risk=float(risks[end]),
            in_scope=float((inside >= scores[end]).mean()),
            out_of_scope=float((outside >= scores[end]).mean()),
        )
        for end in (finite[::-1][::step])[::-1]
    )
    return points, area


def _share(value: float) -> str:
    return f"{100 * value:.1f} %"
