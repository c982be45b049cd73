"""Nothing goes into a prompt twice, and no fact is taken for the double of another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from retrieval.diversity import distinct, maximal_marginal_relevance
from retrieval.documents import Hit, Passage


def hits(texts: Sequence[str]) -> list[Hit]:
    return [
        Hit(Passage(n, "d", "d.md", n, text, (), None, 0, len(text), ""), n + 1, 1.0, 0.5, 1.0, 0.5)
        for n, text in enumerate(texts)
    ]


def texts(found: Sequence[Hit]) -> list[str]:
    return [hit.passage.text for hit in found]


LONG = "Fill the tank with cold water, close the lid and wait until the green lamp beside it shines"


def test_the_same_text_is_kept_once_at_its_best_place() -> None:
    found = hits([LONG, "Other.", LONG.upper() + "!", LONG + " again"])
    assert texts(distinct(found)) == [LONG, "Other."]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("OV-GK-58 brew gasket of the machine costs", "OV-GK-85 brew gasket of the machine costs"),
        (f"{LONG} for 20 minutes", f"{LONG} for 40 minutes"),
        ("It works at 1.85 bar", "It works at 1.8 bar"),
    ],
)
def test_what_differs_in_a_number_is_another_fact(one: str, other: str) -> None:
    assert len(distinct(hits([one, other]))) == 2


def test_passages_without_words_are_doubles_only_of_each_other() -> None:
    assert texts(distinct(hits(["---", "", "a word"]))) == ["---", "a word"]


def brute_force(found: Sequence[Hit], matrix: np.ndarray, top: int, weight: float) -> list[int]:
    """The definition, recomputed from scratch at each step."""
    relevance = {n: 1 - n / (len(found) - 1) for n in range(len(found))}
    chosen: list[int] = []
    while len(chosen) < top:
        scores = {
            n: weight * relevance[n]
            - (1 - weight) * max([float(matrix[n] @ matrix[c]) for c in chosen] + [0.0])
            for n in range(len(found))
            if n not in chosen
        }
        chosen.append(max(scores, key=lambda n: (scores[n], -n)))
    return chosen


@pytest.mark.parametrize("weight", [0.3, 0.7, 0.95])
def test_maximal_marginal_relevance_is_its_definition(weight: float) -> None:
    random = np.random.default_rng(3)
    matrix = random.normal(size=(12, 6)).astype(np.float32)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    found = hits([str(n) for n in range(12)])
    vectors = dict(enumerate(matrix))
    chosen = maximal_marginal_relevance(found, vectors, 6, weight)
    assert [hit.passage.id for hit in chosen] == brute_force(found, matrix, 6, weight)


def test_with_a_weight_of_one_the_order_stays() -> None:
    found = hits(["a", "b", "c"])
    vectors = {n: np.ones(2, dtype=np.float32) for n in range(3)}
    assert maximal_marginal_relevance(found, vectors, 2, 1.0) == found[:2]


def test_what_is_alike_comes_later() -> None:
    found = hits(["best", "its double", "another"])
    vectors = {
        0: np.array([1, 0], dtype=np.float32),
        1: np.array([1, 0], dtype=np.float32),
        2: np.array([0, 1], dtype=np.float32),
    }
    chosen = maximal_marginal_relevance(found, vectors, 3, 0.5)
    assert texts(chosen) == ["best", "another", "its double"]
    assert maximal_marginal_relevance([], {}, 3, 0.5) == []
