"""What every vector index does, whichever engine it is; brute force over numpy is the reference."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from retrieval.embedder import Vectors
from retrieval.index import VectorIndex
from retrieval.index.faiss_index import FaissIndex
from retrieval.snapshot import Ids

Points = Callable[..., tuple[Ids, Vectors]]
NONE = np.empty(0, dtype=np.int64)


def recall(index: VectorIndex, ids: Ids, vectors: Vectors, queries: Vectors, top: int) -> float:
    """Share of the true nearest that are found; whatever is found has its exact product."""
    found = 0
    for query in queries:
        products = vectors @ query
        best = {int(i) for i in ids[np.argsort(-products)[:top]]}
        near, scores = index.search(query[None], top)
        assert list(scores) == sorted(scores, reverse=True)
        places = np.searchsorted(ids, near)
        np.testing.assert_array_equal(ids[places], near)
        np.testing.assert_allclose(scores, products[places], atol=1e-4)
        found += len(best & set(near.tolist()))
    return found / (min(top, len(ids)) * len(queries))


@pytest.fixture
def filled(engines: Any, points: Points) -> tuple[VectorIndex, Ids, Vectors]:
    ids, vectors = points(600)
    index = engines.open()
    index.load(1, ids)
    index.add(ids, vectors)
    return engines.settled(index), ids, vectors


def test_nothing_is_found_in_an_empty_index(engines: Any, points: Points) -> None:
    index = engines.open()
    index.load(0, NONE)
    query = points(1)[1]
    assert index.ids().tolist() == []
    assert [part.tolist() for part in index.search(query, 5)] == [[], []]
    assert index.vectors(np.array([1, 2]))[0].tolist() == []


def test_it_finds_what_brute_force_finds(
    engines: Any,
    filled: tuple[VectorIndex, Ids, Vectors],
    points: Points,
) -> None:
    index, ids, vectors = filled
    if isinstance(index, FaissIndex):
        assert index.graph_size == (600 if engines.kind == "hnsw" else 0)
    wanted = 0.95 if engines.kind == "hnsw" else 1.0
    assert recall(index, ids, vectors, points(40, seed=5)[1], 10) >= wanted


def test_more_is_asked_for_than_there_is(filled: tuple[VectorIndex, Ids, Vectors]) -> None:
    index, ids, vectors = filled
    near, _ = index.search(vectors[:1], 5000)
    assert sorted(near.tolist()) == ids.tolist()


def test_what_is_removed_is_not_found(
    filled: tuple[VectorIndex, Ids, Vectors], points: Points
) -> None:
    index, ids, vectors = filled
    gone = ids % 10 == 3
    index.remove(ids[gone])
    assert index.ids().tolist() == ids[~gone].tolist()
    assert index.vectors(ids[gone])[0].tolist() == []
    assert recall(index, ids[~gone], vectors[~gone], points(40, seed=5)[1], 10) >= 0.95
    near, _ = index.search(vectors[2:3], 5000)
    assert sorted(near.tolist()) == ids[~gone].tolist()


def test_what_is_added_later_is_found_at_once(
    filled: tuple[VectorIndex, Ids, Vectors], points: Points
) -> None:
    index, ids, vectors = filled
    fresh_ids, fresh = points(40, first=9000)
    index.add(fresh_ids, fresh)
    ids, vectors = np.append(ids, fresh_ids), np.vstack([vectors, fresh])
    assert index.ids().tolist() == ids.tolist()
    assert recall(index, ids, vectors, fresh, 3) >= 0.95
    assert index.search(fresh[7:8], 1)[0].tolist() == [9007]


def test_a_vector_can_come_back_and_be_replaced(
    filled: tuple[VectorIndex, Ids, Vectors], points: Points
) -> None:
    index, ids, vectors = filled
    index.remove(ids[:5])
    index.add(ids[:3], vectors[:3])
    assert index.ids().tolist() == [*ids[:3], *ids[5:]]
    assert index.search(vectors[1:2], 1)[0].tolist() == [2]


def test_vectors_are_given_back_as_they_were(filled: tuple[VectorIndex, Ids, Vectors]) -> None:
    index, _, vectors = filled
    wanted = np.array([599, 3, 10**9, 17])
    held, found = index.vectors(wanted)
    order = np.argsort(held)
    assert held[order].tolist() == [3, 17, 599]
    np.testing.assert_allclose(found[order], vectors[[2, 16, 598]], atol=1e-6)


def test_cleared_it_holds_nothing_and_can_be_filled_again(
    filled: tuple[VectorIndex, Ids, Vectors],
) -> None:
    index, ids, vectors = filled
    index.clear()
    assert index.ids().tolist() == []
    assert index.search(vectors[:1], 3)[0].tolist() == []
    index.add(ids[:2], vectors[:2])
    assert index.search(vectors[:1], 3)[0].tolist()[0] == 1


def test_it_is_there_after_a_restart(
    engines: Any,
    filled: tuple[VectorIndex, Ids, Vectors],
    points: Points,
) -> None:
    index, ids, vectors = filled
    index.close()
    again = engines.open()
    again.load(1, ids)
    assert again.ids().tolist() == ids.tolist()
    assert recall(again, ids, vectors, points(20, seed=5)[1], 10) >= 0.95


@pytest.mark.parametrize("other", [{"corpus": "corpus-b"}, {"embedder": "hashing-17"}])
def test_vectors_of_another_corpus_or_embedder_are_not_taken(
    engines: Any,
    filled: tuple[VectorIndex, Ids, Vectors],
    other: dict[str, str],
) -> None:
    index, ids, vectors = filled
    stranger = engines.open(**other)
    stranger.load(1, ids)
    assert stranger.ids().tolist() == []
    stranger.add(ids[:1], vectors[5:6])
    assert stranger.search(vectors[5:6], 9)[0].tolist() == [1]
    assert index.search(vectors[5:6], 1)[0].tolist() == [6]


def test_searches_go_on_while_it_changes(
    engines: Any,
    filled: tuple[VectorIndex, Ids, Vectors],
    points: Points,
) -> None:
    index, ids, vectors = filled
    ended = threading.Event()
    failures: list[BaseException] = []

    def ask(seed: int) -> None:
        queries = points(20, seed=seed)[1]
        try:
            while not ended.is_set():
                for query in queries:
                    near, _ = index.search(query[None], 10)
                    assert len(set(near.tolist())) == 10
                    index.vectors(near)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(3)]
    for thread in threads:
        thread.start()
    for turn in range(4):
        fresh_ids, fresh = points(50, first=10_000 + 100 * turn)
        index.add(fresh_ids, fresh)
        index.remove(ids[50 * turn : 50 * turn + 50])
        engines.settled(index, 2 + turn)
        ids, vectors = np.append(ids, fresh_ids), np.vstack([vectors, fresh])
    ended.set()
    for thread in threads:
        thread.join()
    assert failures == []
    assert index.ids().tolist() == ids[200:].tolist()
    assert recall(index, ids[200:], vectors[200:], points(20, seed=5)[1], 10) >= 0.95
