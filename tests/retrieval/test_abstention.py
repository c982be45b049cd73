"""The threshold is fitted on raw scores, measured on questions it was not fitted on."""

from __future__ import annotations

import numpy as np
import pytest

from retrieval.abstention import (
    Evidence,
    LogisticRule,
    ThresholdRule,
    confidence,
    fit,
    fit_logistic,
    fit_thresholds,
)

PRESENT = ThresholdRule(0.45, 0.4)


def drawn(
    count: int, cosine: float, overlap: float, seed: int, spread: float = 0.08
) -> list[Evidence]:
    random = np.random.default_rng(seed)
    return [
        Evidence(
            tuple(
                (float(c), float(np.clip(o, 0, 1)))
                for c, o in zip(
                    random.normal(cosine, spread, 3), random.normal(overlap, spread, 3), strict=True
                )
            )
        )
        for _ in range(count)
    ]


@pytest.mark.parametrize(
    ("cosine", "overlap", "answer"),
    [(0.5, 0.0, True), (0.44, 0.0, False), (0.3, 0.4, True), (0.3, 0.3, False), (0.1, 1.0, False)],
)
def test_the_rule_of_two_thresholds(cosine: float, overlap: float, answer: bool) -> None:
    rule = ThresholdRule(min_cosine=0.45, min_overlap=0.35)
    assert (confidence(rule, Evidence(((0.0, 0.0), (cosine, overlap)))) >= 0) is answer


def test_nothing_found_is_never_let_through() -> None:
    for rule in (ThresholdRule(-1, 0), LogisticRule(100, 0, 0)):
        assert confidence(rule, Evidence(())) < 0


def test_groups_that_are_apart_are_told_apart() -> None:
    inside, outside = drawn(60, 0.35, 0.3, 1, 0.02), drawn(60, 0.1, 0.05, 2, 0.02)
    for fitter in (fit_thresholds, fit_logistic):
        rule = fitter(inside, outside)
        assert all(confidence(rule, one) >= 0 for one in inside)
        assert not any(confidence(rule, one) >= 0 for one in outside)
        # in the middle of the gap: a question a little worse than those known still passes
        assert confidence(rule, Evidence(((0.3, 0.25),))) >= 0


def test_a_better_rule_is_adopted_with_cross_validated_figures() -> None:
    inside, outside = drawn(100, 0.33, 0.3, 1), drawn(60, 0.05, 0.1, 2)
    report = fit(inside, outside, own_out=60, present=PRESENT)
    assert report.rule is not None and report.fitted is not None
    assert report.present.in_scope < 0.9 < report.fitted.in_scope
    assert report.fitted.out_of_scope < 0.1
    assert "cross-validated" in report.sentence


def test_noise_is_not_fitted() -> None:
    """Scores that say nothing: a rule fitted on the questions themselves would look better."""
    inside, outside = drawn(40, 0.3, 0.3, 1), drawn(40, 0.3, 0.3, 2)
    report = fit(inside, outside, own_out=40, present=PRESENT)
    assert report.fitted is not None
    gained = report.fitted.in_scope - report.fitted.out_of_scope
    assert abs(gained) < 0.2
    assert report.area is not None and 0.3 < report.area < 0.7


@pytest.mark.parametrize(("inside", "own"), [(29, 40), (200, 9)])
def test_too_few_questions_leave_it_as_it_is(inside: int, own: int) -> None:
    report = fit(drawn(inside, 0.6, 0.8, 1), drawn(60, 0.1, 0.1, 2), own, PRESENT)
    assert report.rule is None and report.fitted is None
    assert report.sentence.startswith("The threshold stays as it is")
    assert "too few" in report.sentence
    assert report.points


def test_a_fit_no_better_leaves_it_as_it_is() -> None:
    report = fit(drawn(100, 0.7, 0.8, 1, 0.02), drawn(60, 0.1, 0.1, 2, 0.02), 60, PRESENT)
    assert report.rule is None
    assert report.present.in_scope == 1 and report.present.out_of_scope == 0
    assert all(point.risk == 0 for point in report.points if point.coverage <= 100 / 160)
    assert report.points[-1].risk == pytest.approx(60 / 160)


def test_the_curve_is_the_definition() -> None:
    inside = [Evidence(((c, 0.0),)) for c in (0.9, 0.8, 0.5)]
    outside = [Evidence(((c, 0.0),)) for c in (0.7, 0.2)]
    report = fit(inside, outside, 0, ThresholdRule(0.0, 2.0))
    points = [(p.coverage, p.risk, p.in_scope, p.out_of_scope) for p in report.points]
    assert points == [
        pytest.approx((0.2, 0, 1 / 3, 0)),
        pytest.approx((0.4, 0, 2 / 3, 0)),
        pytest.approx((0.6, 1 / 3, 2 / 3, 0.5)),
        pytest.approx((0.8, 1 / 4, 1, 0.5)),
        pytest.approx((1.0, 2 / 5, 1, 1)),
    ]
    assert report.area == pytest.approx((0 + 0 + 1 / 3 + 1 / 4 + 2 / 5) / 5)
    assert [p.threshold for p in report.points] == pytest.approx([0.9, 0.8, 0.7, 0.5, 0.2])


def test_questions_of_one_score_are_let_through_together() -> None:
    alike = [Evidence(((0.5, 0.0),))] * 4
    report = fit(alike, alike, 0, ThresholdRule(0.0, 2.0))
    assert [(p.coverage, p.risk) for p in report.points] == [(1.0, 0.5)]
    assert report.area == 0.5
