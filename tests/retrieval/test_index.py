"""FAISS against brute force, and its file as a cache that is never trusted blindly."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from retrieval.corpus import Corpus
from retrieval.embedder import HashingEmbedder
from retrieval.index import DenseIndex
from retrieval.retriever import Retriever

Write = Callable[[str, str | bytes], Path]


def fill(corpus: Corpus, write: Write, documents: int = 6) -> None:
    corpus.add(
        [
            write(f"{n}.md", "\n".join(f"# S{n} {k}\n\nwater {n} lamp {k * n}\n" for k in range(9)))
            for n in range(documents)
        ]
    )


def followed(corpus: Corpus) -> DenseIndex:
    index = DenseIndex(
        corpus.folder / "index", corpus.identity, corpus.embedder.name, corpus.embedder.dimension
    )
    with corpus.snapshot() as snapshot:
        index.follow(snapshot)
    return index


def test_it_finds_what_brute_force_finds(corpus: Corpus, write: Write) -> None:
    fill(corpus, write)
    index = followed(corpus)
    passages = corpus.passages()
    matrix = corpus.embedder.encode([p.indexed_text for p in passages])
    for question in ("water 3 lamp 12", "lamp", "S4 2"):
        vector = corpus.embedder.encode([question])
        exact = matrix @ vector[0]
        ids, scores = index.search(vector, 10)
        np.testing.assert_allclose(scores, np.sort(exact)[::-1][:10], rtol=1e-5)
        by_id = {p.id: score for p, score in zip(passages, exact, strict=True)}
        np.testing.assert_allclose(scores, [by_id[int(i)] for i in ids], rtol=1e-5)
        wanted = np.array([p.id for p in passages[::5]] + [10**6], dtype=np.int64)
        cosines = index.cosines(vector, wanted)
        np.testing.assert_allclose(cosines[:-1], exact[::5], rtol=1e-4, atol=1e-6)
        assert np.isnan(cosines[-1])


def test_it_follows_additions_and_removals(corpus: Corpus, write: Write) -> None:
    fill(corpus, write, 3)
    index = followed(corpus)
    fill(corpus, write, 6)
    corpus.remove("1.md")
    corpus.add([write("2.md", "# S\n\nquite different")])
    with corpus.snapshot() as snapshot:
        index.follow(snapshot)
        live = snapshot.live_ids()
    ids, _ = index.search(corpus.embedder.encode(["water"]), 1000)
    assert sorted(ids.tolist()) == live.tolist()


def test_an_empty_corpus_finds_nothing(corpus: Corpus) -> None:
    index = followed(corpus)
    assert index.search(corpus.embedder.encode(["water"]), 5)[0].tolist() == []


def saved(corpus: Corpus) -> Path:
    Retriever(corpus).search("water")
    file = corpus.folder / "index" / "vectors.faiss"
    assert file.is_file()
    return file


def test_the_file_is_used_where_it_is_right(
    corpus: Corpus, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(corpus, write)
    saved(corpus)
    asked: list[int] = []
    monkeypatch.setattr(
        "retrieval.snapshot.Snapshot.vectors",
        lambda self, ids, dimension: asked.append(len(ids)),
    )
    assert len(Retriever(corpus).search("water", top=50)) == 50
    assert asked == []


@pytest.mark.parametrize("damage", ["missing", "cut", "changed", "no manifest", "bad manifest"])
def test_a_missing_or_damaged_file_is_made_anew(corpus: Corpus, write: Write, damage: str) -> None:
    fill(corpus, write)
    file = saved(corpus)
    manifest = file.with_name("manifest.json")
    before = [hit.passage.id for hit in Retriever(corpus).search("water 3 lamp", top=20)]
    content = file.read_bytes()
    if damage == "missing":
        file.unlink()
    elif damage == "cut":
        file.write_bytes(content[:200])
    elif damage == "changed":
        file.write_bytes(content[:-4] + b"\0\0\0\0")
    elif damage == "no manifest":
        manifest.unlink()
    else:
        manifest.write_text('{"corpus": 3', encoding="utf-8")
    after = [hit.passage.id for hit in Retriever(corpus).search("water 3 lamp", top=20)]
    assert after == before
    assert file.read_bytes() == content
    assert json.loads(manifest.read_text(encoding="utf-8"))["count"] == len(corpus.passages())


def test_an_old_file_is_brought_up_to_date(corpus: Corpus, write: Write) -> None:
    fill(corpus, write, 3)
    saved(corpus)
    fill(corpus, write, 6)
    corpus.remove("0.md")
    hits = Retriever(corpus).search("water 5 lamp 25", top=100)
    assert {hit.passage.document for hit in hits} == {f"{n}.md" for n in range(1, 6)}


def test_a_file_of_another_corpus_is_not_used(
    corpus: Corpus, write: Write, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    fill(corpus, write)
    other = Corpus.open(tmp_path / "other", HashingEmbedder())
    other.add([write("x/only.md", "\n".join(f"# T{k}\n\nheron {k}\n" for k in range(54)))])
    saved(other)
    saved(corpus)
    for name in ("vectors.faiss", "manifest.json"):
        target = corpus.folder / "index" / name
        target.write_bytes((other.folder / "index" / name).read_bytes())
    with caplog.at_level(logging.WARNING):
        hits = Retriever(corpus).search("water 3 lamp 12")
    assert "made anew" in caplog.text
    assert hits[0].cosine > 0.5
    other.close()


def test_a_folder_that_cannot_be_written_costs_no_answer(
    corpus: Corpus, write: Write, caplog: pytest.LogCaptureFixture
) -> None:
    fill(corpus, write)
    (corpus.folder / "index").write_text("in the way", encoding="utf-8")
    with caplog.at_level(logging.WARNING):
        assert len(Retriever(corpus).search("water", top=20)) == 20
    assert "not saved" in caplog.text
