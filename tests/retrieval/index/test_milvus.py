"""What is Milvus's own: the address, the generation on the collection, a server that is away."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from retrieval.corpus import Corpus
from retrieval.errors import VectorServerError
from retrieval.index import DenseIndex, IndexChoice, open_index
from retrieval.index.milvus_index import MilvusIndex
from retrieval.retriever import Retriever

Write = Callable[[str, str | bytes], Path]


@pytest.fixture
def opened(corpus: Corpus, tmp_path: Path) -> Iterator[Callable[[], DenseIndex]]:
    pytest.importorskip("milvus_lite", reason="milvus-lite is not installed")
    made: list[DenseIndex] = []

    def open_it() -> DenseIndex:
        choice = IndexChoice(f"milvus:{tmp_path / 'vectors'}")
        embedder = corpus.embedder
        made.append(
            open_index(tmp_path, corpus.identity, embedder.name, embedder.dimension, choice)
        )
        return made[-1]

    yield open_it
    for index in made:
        index.close()


def follow(index: DenseIndex, corpus: Corpus) -> None:
    with corpus.snapshot() as snapshot:
        index.follow(snapshot)


def engine_of(index: DenseIndex) -> MilvusIndex:
    assert isinstance(index._engine, MilvusIndex)
    return index._engine


def fill(corpus: Corpus, write: Write, name: str = "a.md", word: str = "water") -> None:
    corpus.add([write(name, "\n".join(f"# S{k}\n\n{word} lamp {k}\n" for k in range(20)))])


def test_only_the_difference_is_sent(
    corpus: Corpus,
    write: Write,
    opened: Callable[[], DenseIndex],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fill(corpus, write)
    follow(opened(), corpus)
    sent: list[int] = []
    add = MilvusIndex.add
    monkeypatch.setattr(
        MilvusIndex, "add", lambda self, ids, v: (sent.append(len(ids)), add(self, ids, v))[1]
    )
    index = opened()
    follow(index, corpus)
    assert sent == []
    fill(corpus, write, "b.md", "heron")
    follow(index, corpus)
    assert sent == [20]
    again = opened()
    follow(again, corpus)
    assert sent == [20]
    assert len(again.search(corpus.embedder.encode(["heron"]), 100)[0]) == 40


def test_what_was_left_half_sent_is_put_right(
    corpus: Corpus, write: Write, opened: Callable[[], DenseIndex]
) -> None:
    fill(corpus, write)
    first = opened()
    follow(first, corpus)
    held = engine_of(first).ids()
    vectors = engine_of(first).vectors(held[:1])[1]
    engine_of(first).remove(held[:1])
    engine_of(first).add(np.array([10**6]), vectors)  # as many as before, and not the same
    first.close()
    again = opened()
    follow(again, corpus)
    found, _ = again.search(corpus.embedder.encode(["water"]), 100)
    assert sorted(found.tolist()) == held.tolist()


def test_one_that_is_behind_undoes_nothing(
    corpus: Corpus, write: Write, opened: Callable[[], DenseIndex]
) -> None:
    fill(corpus, write)
    ahead, behind = opened(), opened()
    with corpus.snapshot() as old:
        fill_in_another = threading.Thread(target=fill, args=(corpus, write, "b.md", "heron"))
        fill_in_another.start()
        fill_in_another.join()
        follow(ahead, corpus)
        behind.follow(old)
    assert len(ahead.search(corpus.embedder.encode(["water"]), 100)[0]) == 40
    follow(behind, corpus)
    assert len(behind.search(corpus.embedder.encode(["water"]), 100)[0]) == 40


def test_a_dropped_collection_is_told_and_made_anew(
    corpus: Corpus, write: Write, opened: Callable[[], DenseIndex]
) -> None:
    fill(corpus, write)
    index, other = opened(), opened()
    follow(index, corpus)
    other.forget()
    vector = corpus.embedder.encode(["water"])
    with pytest.raises(VectorServerError, match="no document is lost"):
        index.search(vector, 3)
    follow(index, corpus)
    assert len(index.search(vector, 3)[0]) == 3


def test_forgetting_leaves_other_corpora_alone(
    corpus: Corpus, write: Write, opened: Callable[[], DenseIndex], tmp_path: Path
) -> None:
    fill(corpus, write)
    index = opened()
    follow(index, corpus)
    choice = IndexChoice(f"milvus:{tmp_path / 'vectors'}")
    other = open_index(tmp_path, "another", corpus.embedder.name, 64, choice)
    other.forget()
    assert len(index.search(corpus.embedder.encode(["water"]), 3)[0]) == 3


def test_nothing_runs_on_after_the_last_is_closed(
    corpus: Corpus, write: Write, opened: Callable[[], DenseIndex]
) -> None:
    from milvus_lite.server_manager import server_manager_instance

    fill(corpus, write)
    first, second = opened(), opened()
    follow(first, corpus)
    follow(second, corpus)
    first.close()
    assert len(second.search(corpus.embedder.encode(["water"]), 3)[0]) == 3
    second.close()
    second.close()
    assert server_manager_instance._servers == {}


def test_a_search_says_that_the_server_is_away(corpus: Corpus, write: Write) -> None:
    pytest.importorskip("pymilvus", reason="pymilvus is not installed")
    fill(corpus, write)
    choice = IndexChoice("http://127.0.0.1:1", token="root:secret")
    retriever = Retriever(corpus, index_choice=choice)
    with pytest.raises(VectorServerError, match=r"http://127\.0\.0\.1:1 did not answer") as caught:
        retriever.search("water")
    assert "no document is lost" in str(caught.value)
    assert "secret" not in str(caught.value) + repr(choice)
    assert len(Retriever(corpus).search("water")) == 5
