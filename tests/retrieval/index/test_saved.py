"""Following the corpus, and the saved files as a cache that is never trusted blindly."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from retrieval.corpus import Corpus
from retrieval.embedder import HashingEmbedder
from retrieval.errors import CorpusError
from retrieval.index import DenseIndex, open_index, saved
from retrieval.index.faiss_index import FaissIndex
from retrieval.index.graph import GraphSettings, extend
from retrieval.retriever import Retriever
from retrieval.snapshot import Snapshot

Write = Callable[[str, str | bytes], Path]
SMALL_GRAPH = GraphSettings(above=40, links=8, breadth_built=40, breadth_searched=80)


def fill(corpus: Corpus, write: Write, documents: int = 6) -> None:
    corpus.add(
        [
            write(f"{n}.md", "\n".join(f"# S{n} {k}\n\nwater {n} lamp {k * n}\n" for k in range(9)))
            for n in range(documents)
        ]
    )


def opened(corpus: Corpus) -> DenseIndex:
    return open_index(
        corpus.folder / "index", corpus.identity, corpus.embedder.name, corpus.embedder.dimension
    )


def followed(corpus: Corpus) -> DenseIndex:
    index = opened(corpus)
    with corpus.snapshot() as snapshot:
        index.follow(snapshot)
    return index


def graph_of(corpus: Corpus, settings: GraphSettings = SMALL_GRAPH) -> FaissIndex:
    embedder = corpus.embedder
    return FaissIndex(
        corpus.folder / "index", corpus.identity, embedder.name, embedder.dimension, settings
    )


def saved_file(corpus: Corpus) -> Path:
    """Of the index that a search leaves behind."""
    Retriever(corpus).search("water")
    (file,) = (corpus.folder / "index").glob("flat-*.faiss")
    return file


def test_cosines_are_those_of_brute_force(corpus: Corpus, write: Write) -> None:
    fill(corpus, write)
    index = followed(corpus)
    passages = corpus.passages()
    matrix = corpus.embedder.encode([p.indexed_text for p in passages])
    for question in ("water 3 lamp 12", "lamp", "S4 2"):
        vector = corpus.embedder.encode([question])
        exact = matrix @ vector[0]
        _, scores = index.search(vector, 10)
        np.testing.assert_allclose(scores, np.sort(exact)[::-1][:10], rtol=1e-5)
        wanted = np.array([10**6, *(p.id for p in passages[::-5])], dtype=np.int64)
        cosines = index.cosines(vector, wanted)
        np.testing.assert_allclose(cosines[1:], exact[::-5], rtol=1e-4, atol=1e-6)
        assert np.isnan(cosines[0])


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
    assert np.isnan(index.cosines(corpus.embedder.encode(["water"]), np.array([1]))).all()


def test_missing_vectors_are_told(corpus: Corpus, write: Write) -> None:
    fill(corpus, write)
    with corpus._database.writing() as connection:
        connection.execute("DELETE FROM vectors WHERE rowid < 4")
    with pytest.raises(CorpusError, match="Vectors of 3 passages are missing"):
        followed(corpus)


def test_the_file_is_used_where_it_is_right(
    corpus: Corpus, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(corpus, write)
    saved_file(corpus)
    asked: list[int] = []
    vectors = Snapshot.vectors
    monkeypatch.setattr(
        "retrieval.snapshot.Snapshot.vectors",
        lambda self, ids, dimension: (asked.append(len(ids)), vectors(self, ids, dimension))[1],
    )
    assert len(Retriever(corpus).search("water", top=50)) == 50
    assert asked == [54]  # those that are compared, to know a corpus.db put back from a copy


@pytest.mark.parametrize("damage", ["missing", "cut", "bit", "no manifest", "bad manifest", "old"])
def test_a_missing_or_damaged_file_is_made_anew(corpus: Corpus, write: Write, damage: str) -> None:
    fill(corpus, write)
    file = saved_file(corpus)
    manifest = file.with_name("manifest.json")
    before = [hit.passage.id for hit in Retriever(corpus).search("water 3 lamp", top=20)]
    content = file.read_bytes()
    if damage == "missing":
        file.unlink()
    elif damage == "cut":
        file.write_bytes(content[:200])
    elif damage == "bit":
        file.write_bytes(content[:900] + bytes([content[900] ^ 1]) + content[901:])
    elif damage == "no manifest":
        manifest.unlink()
    elif damage == "bad manifest":
        manifest.write_text('{"corpus": 3', encoding="utf-8")
    else:
        manifest.write_text('{"corpus": "x", "sha256": "y"}', encoding="utf-8")
    after = [hit.passage.id for hit in Retriever(corpus).search("water 3 lamp", top=20)]
    assert after == before
    assert file.read_bytes() == content
    told = json.loads(manifest.read_text(encoding="utf-8"))
    assert told["parts"]["flat"]["count"] == len(corpus.passages())


def test_a_manifest_cannot_name_a_file_elsewhere(corpus: Corpus, write: Write) -> None:
    fill(corpus, write)
    file = saved_file(corpus)
    manifest = file.with_name("manifest.json")
    told = json.loads(manifest.read_text(encoding="utf-8"))
    told["parts"]["flat"]["file"] = f"../index/{file.name}"
    manifest.write_text(json.dumps(told), encoding="utf-8")
    assert saved.read(file.parent, saved.Identity(**told["identity"])) == {}


_SAVER = """
import sys, time
from pathlib import Path
import numpy as np
from retrieval.index import saved
from retrieval.index.faiss_index import FaissIndex

index = FaissIndex(Path(sys.argv[1]), sys.argv[2], "hashing-64", 64)
index.load(1, np.empty(0, dtype=np.int64))
ids = np.arange(5000, 5400)
index.add(ids, np.ones((400, 64), dtype=np.float32) / 8)

def stopped(*given):
    Path(sys.argv[1], "reached").touch()
    time.sleep(60)

setattr(saved, sys.argv[3], stopped)
index.keep(2)
"""


@pytest.mark.parametrize("before", ["_commit", "_sync_names", "_sweep"])
def test_killed_while_saving_the_one_before_or_the_new_one_is_whole(
    corpus: Corpus, write: Write, before: str
) -> None:
    fill(corpus, write)
    folder = saved_file(corpus).parent
    identity = saved.Identity(corpus.identity, "hashing-64", 64)
    old = saved.read(folder, identity)
    saver = subprocess.Popen(
        [sys.executable, "-c", _SAVER, str(folder), corpus.identity, before],
        cwd=Path(__file__).resolve().parents[3],
    )
    while not (folder / "reached").exists() and saver.poll() is None:
        time.sleep(0.01)
    saver.send_signal(signal.SIGKILL)
    assert saver.wait() == -signal.SIGKILL
    found = saved.read(folder, identity)
    if before == "_sweep":
        assert found["flat"].count == 54 + 400
    else:
        assert found == old
    assert len(list(folder.glob("flat-*.faiss"))) == 2

    index = followed(corpus)  # a later start uses what is whole, and clears up when it saves
    assert len(index.search(corpus.embedder.encode(["water"]), 999)[0]) == 54
    corpus.add([write("more.md", "# More\n\nriver water")])
    with corpus.snapshot() as snapshot:
        index.follow(snapshot)
    assert len(list(folder.glob("flat-*.faiss"))) == 1
    assert not list(folder.glob("*.part"))


def test_two_that_save_at_once_do_not_mix(corpus: Corpus, write: Write) -> None:
    fill(corpus, write)
    folder = saved_file(corpus).parent
    identity = saved.Identity(corpus.identity, "hashing-64", 64)
    inner: list[dict[str, saved.Part]] = []

    def written(path: Path) -> int:
        inner.append(saved.write(folder, identity, 8, {"flat": written}))
        path.write_bytes(b"of the first")
        return 1

    outer = saved.write(folder, identity, 9, {"flat": written})
    assert inner == [{}]
    assert saved.read(folder, identity) == outer


def test_a_full_disk_leaves_the_one_before(corpus: Corpus, write: Write) -> None:
    fill(corpus, write)
    folder = saved_file(corpus).parent
    identity = saved.Identity(corpus.identity, "hashing-64", 64)
    old = saved.read(folder, identity)

    def full(path: Path) -> int:
        path.write_bytes(b"half of")
        raise OSError(28, os.strerror(28))

    with pytest.raises(OSError, match="No space"):
        saved.write(folder, identity, 9, {"flat": full})
    assert saved.read(folder, identity) == old
    assert not list(folder.glob(".*.part"))


def test_an_old_file_is_brought_up_to_date(corpus: Corpus, write: Write) -> None:
    fill(corpus, write, 3)
    saved_file(corpus)
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
    for file in (saved_file(other), saved_file(other).with_name("manifest.json")):
        (corpus.folder / "index").mkdir(exist_ok=True)
        (corpus.folder / "index" / file.name).write_bytes(file.read_bytes())
    with caplog.at_level(logging.WARNING):
        hits = Retriever(corpus).search("water 3 lamp 12")
    assert "made anew" in caplog.text
    assert hits[0].cosine > 0.5
    other.close()


def test_a_corpus_put_back_from_a_copy_is_noticed(
    corpus: Corpus, write: Write, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    fill(corpus, write, 3)
    database = corpus.folder / "corpus.db"
    with corpus.snapshot() as snapshot:
        snapshot.connection.execute("SELECT 1")
    corpus.close()
    copy = database.read_bytes()
    corpus = Corpus.open(corpus.folder, corpus.embedder)
    corpus.add([write("a.md", "# A\n\nheron heron")])
    saved_file(corpus)
    corpus.close()
    database.write_bytes(copy)
    corpus = Corpus.open(corpus.folder, corpus.embedder)
    corpus.add([write("b.md", "# B\n\nlantern lantern")])
    corpus.add([write("c.md", "# C\n\nanchor anchor")])
    with caplog.at_level(logging.WARNING):
        hits = Retriever(corpus).search("lantern", top=1)
    assert "holds other passages now" in caplog.text
    assert hits[0].passage.document == "b.md"
    assert hits[0].cosine > 0.5
    corpus.close()


def test_a_folder_that_cannot_be_written_costs_no_answer(
    corpus: Corpus, write: Write, caplog: pytest.LogCaptureFixture
) -> None:
    fill(corpus, write)
    (corpus.folder / "index").write_text("in the way", encoding="utf-8")
    with caplog.at_level(logging.WARNING):
        assert len(Retriever(corpus).search("water", top=20)) == 20
    assert "not saved" in caplog.text


def test_a_graph_is_saved_and_used_again(corpus: Corpus, write: Write) -> None:
    fill(corpus, write)
    index = DenseIndex(first := graph_of(corpus), 64)
    with corpus.snapshot() as snapshot:
        index.follow(snapshot)
    first.wait()
    assert first.graph_size == 54
    parts = saved.read(corpus.folder / "index", first._identity)
    assert {kind: part.count for kind, part in parts.items()} == {"flat": 0, "hnsw": 54}
    corpus.remove("3.md")
    again = DenseIndex(second := graph_of(corpus), 64)
    with corpus.snapshot() as snapshot:
        again.follow(snapshot)
        live = snapshot.live_ids()
    assert second.graph_size == 54
    assert second.ids().tolist() == live.tolist()
    # What stays as it is is not written again.
    assert saved.read(corpus.folder / "index", first._identity)["hnsw"] == parts["hnsw"]


def test_many_marks_lead_to_a_new_graph(corpus: Corpus, write: Write) -> None:
    fill(corpus, write)
    index = DenseIndex(engine := graph_of(corpus, replace(SMALL_GRAPH, above=20)), 64)
    for name in (None, "2.md", "3.md"):
        if name:
            corpus.remove(name)
        with corpus.snapshot() as snapshot:
            index.follow(snapshot)
        engine.wait()
    assert engine.graph_size == len(engine.ids()) == 36


def test_a_small_rest_is_searched_exactly_again(corpus: Corpus, write: Write) -> None:
    fill(corpus, write)
    engine = graph_of(corpus, replace(SMALL_GRAPH, dead_share=0.9))
    index = DenseIndex(engine, 64)
    for names in ([], ["0.md", "1.md"], ["2.md", "3.md"]):
        for name in names:
            corpus.remove(name)
        with corpus.snapshot() as snapshot:
            index.follow(snapshot)
            live = snapshot.live_ids()
        engine.wait()
    assert engine.graph_size == 0
    assert engine.ids().tolist() == live.tolist()
    assert len(index.search(corpus.embedder.encode(["water"]), 99)[0]) == 18


def test_the_old_one_serves_while_the_graph_is_built(
    corpus: Corpus, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(corpus, write)
    go_on = threading.Event()
    monkeypatch.setattr(
        "retrieval.index.faiss_index.extend", lambda *given: (go_on.wait(30), extend(*given))
    )
    index = DenseIndex(engine := graph_of(corpus), 64)
    with corpus.snapshot() as snapshot:
        index.follow(snapshot)
    vector = corpus.embedder.encode(["water 3 lamp 12"])
    assert len(index.search(vector, 5)[0]) == 5
    corpus.remove("1.md")
    corpus.add([write("new.md", "# New\n\nheron heron")])
    with corpus.snapshot() as snapshot:
        index.follow(snapshot)
        live = snapshot.live_ids()
    assert engine.graph_size == 0
    go_on.set()
    engine.wait()
    assert engine.graph_size == 54
    assert engine.ids().tolist() == live.tolist()
    exact = np.sort(index.cosines(vector, live))[::-1]
    np.testing.assert_allclose(index.search(vector, 5)[1], exact[:5], atol=1e-5)
    assert index.search(corpus.embedder.encode(["heron"]), 1)[0].tolist() == [live[-1]]


def test_closing_ends_a_graph_that_is_being_built(corpus: Corpus, write: Write) -> None:
    fill(corpus, write)
    index = DenseIndex(engine := graph_of(corpus), 64)
    with corpus.snapshot() as snapshot:
        index.follow(snapshot)
    index.close()
    assert engine._builder is None
