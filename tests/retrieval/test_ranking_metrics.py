"""The formulas against definitions written out anew, and against trec_eval."""

from __future__ import annotations

import math
import random

import pytest
import pytrec_eval

from retrieval.ranking_metrics import DEPTHS, first_rank, ndcg, recall, reciprocal_rank


def cases() -> list[tuple[list[str], frozenset[str]]]:
    """Rankings of up to 30 items with 1 to 15 relevant ones, some of them never found."""
    draw = random.Random(7)
    items = [f"d{number:02}" for number in range(40)]
    found = []
    for _ in range(300):
        ranked = draw.sample(items, draw.randint(0, 30))
        found.append((ranked, frozenset(draw.sample(items, draw.randint(1, 15)))))
    return found


def test_a_ranking_worked_by_hand() -> None:
    ranked, relevant = ["a", "b", "c", "d"], frozenset({"b", "d", "z"})
    assert recall(ranked, relevant, 1) == 0
    assert recall(ranked, relevant, 3) == pytest.approx(1 / 3)
    assert first_rank(ranked, relevant) == 2
    assert reciprocal_rank(ranked, relevant) == 0.5
    gain = 1 / math.log2(3) + 1 / math.log2(5)
    ideal = 1 + 1 / math.log2(3) + 1 / 2
    assert ndcg(ranked, relevant) == pytest.approx(gain / ideal)


def test_nothing_found_is_nought_and_all_first_is_one() -> None:
    assert ndcg([], frozenset({1})) == reciprocal_rank([], frozenset({1})) == 0
    assert first_rank([2, 3], frozenset({1})) is None
    many = frozenset(range(20))
    assert ndcg(list(range(20)), many) == 1
    assert recall(list(range(20)), many, 10) == 0.5


def test_as_trec_eval_has_it() -> None:
    made = cases()
    judged = {str(n): dict.fromkeys(relevant, 1) for n, (_, relevant) in enumerate(made)}
    # trec_eval sorts by score, so that a ranking is told it by falling scores
    run = {
        str(n): {item: float(100 - place) for place, item in enumerate(ranked)}
        for n, (ranked, _) in enumerate(made)
        if ranked
    }
    depths = ",".join(map(str, DEPTHS))
    wanted = {f"recall.{depths}", "ndcg_cut.10", "recip_rank"}
    told = pytrec_eval.RelevanceEvaluator(judged, wanted).evaluate(run)
    assert len(told) > 250
    for key, values in told.items():
        ranked, relevant = made[int(key)]
        assert ndcg(ranked, relevant) == pytest.approx(values["ndcg_cut_10"])
        for depth in DEPTHS:
            assert recall(ranked, relevant, depth) == pytest.approx(values[f"recall_{depth}"])
        assert reciprocal_rank(ranked, relevant, 1000) == pytest.approx(values["recip_rank"])


def test_as_the_definitions_say() -> None:
    for ranked, relevant in cases():
        gains = [1.0 if item in relevant else 0.0 for item in ranked]
        discounts = [1 / math.log2(place + 2) for place in range(10)]
        best = sorted([1.0] * len(relevant) + [0.0] * 10, reverse=True)[:10]
        dcg = sum(g * d for g, d in zip(gains[:10], discounts, strict=False))
        idcg = sum(g * d for g, d in zip(best, discounts, strict=True))
        assert ndcg(ranked, relevant) == pytest.approx(dcg / idcg)
        ranks = [place for place, gain in enumerate(gains[:10], start=1) if gain]
        assert reciprocal_rank(ranked, relevant) == (1 / ranks[0] if ranks else 0)
