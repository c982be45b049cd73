"""Another embedder takes over while the one before it serves."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from retrieval import reembedding
from retrieval.corpus import Corpus
from retrieval.embedder import Embedder, HashingEmbedder, Progress, Vectors
from retrieval.errors import Cancelled, EmbedderError
from retrieval.retriever import Retriever

Write = Callable[[str, str | bytes], Path]

GUIDE = "\n".join(f"# H{k}\n\nThe part number {k} is a {w}.\n" for k, w in enumerate("abcdefgh"))


def load(name: str) -> Embedder:
    """Fakes by their dimension, as `load_embedder` would by their name."""
    return HashingEmbedder(int(name))


class Watching(HashingEmbedder):
    """Calls back before each text that it embeds."""

    def __init__(self, dimension: int, call: Callable[[], None]) -> None:
        super().__init__(dimension)
        self.embedded: list[str] = []
        self._call = call

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        self.embedded += texts
        self._call()
        return super().encode(texts, progress)


@pytest.fixture
def guide(corpus: Corpus, write: Write) -> Corpus:
    """A corpus of eight passages."""
    corpus.add([write("guide.md", GUIDE)])
    return corpus


def test_passages_stay_and_vectors_change(guide: Corpus) -> None:
    retriever = Retriever(guide)
    before, generation = guide.passages(), guide.generation
    assert retriever.search("part number 3")
    seen: list[tuple[int, int]] = []
    assert guide.reembed(HashingEmbedder(32), "32", lambda done, of: seen.append((done, of))) == 0
    assert guide.passages() == before
    assert guide.generation > generation
    assert guide.embedder.dimension == 32
    assert retriever.search("part number 3")[0].passage.text == "The part number 3 is a d."
    assert seen[0] == (0, 8)
    assert seen[-1] == (8, 8)
    with guide.snapshot() as snapshot:
        _, vectors = snapshot.vectors([p.id for p in before], 32)
    assert vectors.shape == (8, 32)


def test_searches_and_additions_go_on_with_the_one_before(guide: Corpus, write: Write) -> None:
    retriever = Retriever(guide)
    found: list[str] = []

    def meanwhile() -> None:
        if not found:
            assert guide.embedder.name == "hashing-64"
            found.append(retriever.search("part number 3")[0].passage.text)
            guide.add([write("late.md", "# Late\n\nA heron waits.\n")])

    new = Watching(32, meanwhile)
    guide.reembed(new, "32")
    assert found == ["The part number 3 is a d."]
    assert new.embedded[-1] == "Late\nA heron waits."
    assert retriever.search("heron")[0].passage.document == "late.md"


def test_stopped_it_goes_on_where_it_was(guide: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reembedding, "PART_PASSAGES", 3)
    stop = threading.Event()

    def stop_late(done: int, _: int) -> None:
        if done >= 4:
            stop.set()

    with pytest.raises(Cancelled, match="taken up where it stopped"):
        guide.reembed(HashingEmbedder(32), "32", stop_late, stop)
    assert guide.embedder.name == "hashing-64"
    assert Retriever(guide).search("part number 3")[0].passage.text == "The part number 3 is a d."
    new = Watching(32, lambda: None)
    guide.reembed(new, "32")
    assert len(new.embedded) == 5


def test_a_third_embedder_begins_anew(guide: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reembedding, "PART_PASSAGES", 3)
    stop = threading.Event()
    with pytest.raises(Cancelled):
        guide.reembed(HashingEmbedder(32), "32", lambda done, _: stop.set() if done else None, stop)
    third = Watching(16, lambda: None)
    guide.reembed(third, "16")
    assert len(third.embedded) == 8
    assert Retriever(guide).search("part number 3")[0].passage.text == "The part number 3 is a d."


def test_an_addition_that_spans_the_change_is_embedded_by_the_new_one(
    corpus: Corpus, write: Write
) -> None:
    other = Corpus.open(corpus.folder, HashingEmbedder(), load=load)
    corpus.add([write("guide.md", GUIDE)])
    changed: list[bool] = []

    def change() -> None:
        if not changed:
            changed.append(True)
            other.reembed(HashingEmbedder(32), "32")

    corpus.close()
    slow = Corpus.open(corpus.folder, Watching(64, change), load=load)
    [result] = slow.add([write("late.md", "# Late\n\nA heron waits.\n")])
    assert result.outcome == "added"
    assert slow.embedder.dimension == 32
    assert Retriever(slow).search("heron")[0].passage.document == "late.md"
    assert Retriever(other).search("heron")[0].passage.document == "late.md"
    slow.close()
    other.close()


def test_another_process_follows(guide: Corpus) -> None:
    other = Corpus.open(guide.folder, HashingEmbedder(), load=load)
    retriever = Retriever(other)
    assert retriever.search("part number 3")
    code = (
        "import sys; from pathlib import Path; from retrieval.corpus import Corpus; "
        "from retrieval.embedder import HashingEmbedder; "
        "Corpus.open(Path(sys.argv[1]), HashingEmbedder()).reembed(HashingEmbedder(32), '32')"
    )
    subprocess.run([sys.executable, "-c", code, str(guide.folder)], check=True)
    assert other.embedder.name == "hashing-32"
    assert retriever.search("part number 3")[0].passage.text == "The part number 3 is a d."
    other.close()
    again = Corpus.open(guide.folder, HashingEmbedder(), load=load)
    assert again.embedder.name == "hashing-32"
    again.close()
    with pytest.raises(EmbedderError, match="indexed with the embedding model hashing-32"):
        Corpus.open(guide.folder, HashingEmbedder())


def test_a_killed_process_leaves_the_one_before_and_its_work(guide: Corpus) -> None:
    code = (
        "import os, sys; from pathlib import Path; from retrieval import reembedding; "
        "from retrieval.corpus import Corpus; from retrieval.embedder import HashingEmbedder; "
        "reembedding.PART_PASSAGES = 3; "
        "kill = lambda done, of: os.kill(os.getpid(), 9) if done >= 6 else None; "
        "Corpus.open(Path(sys.argv[1]), HashingEmbedder()).reembed(HashingEmbedder(32), '32', kill)"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(guide.folder)], check=False)
    assert killed.returncode == -9
    assert Retriever(guide).search("part number 3")[0].passage.text == "The part number 3 is a d."
    new = Watching(32, lambda: None)
    guide.reembed(new, "32")
    assert len(new.embedded) == 5


def test_a_removal_meanwhile_leaves_nothing_behind(guide: Corpus, write: Write) -> None:
    guide.add([write("b.md", "# B\n\nA heron waits.\n")])
    guide.reembed(Watching(32, lambda: _removed(guide)), "32")
    assert Retriever(guide).search("heron")[0].passage.document == "b.md"
    with guide.snapshot() as snapshot:
        assert snapshot.connection.execute("SELECT count(*) FROM vectors").fetchone() == (1,)
    guide.remove("b.md")
    guide.reembed(HashingEmbedder(16), "16")
    with guide.snapshot() as snapshot:
        counts = [
            snapshot.connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in ("vectors", "next_vectors", "passages")
        ]
    assert counts == [0, 0, 0]


def _removed(corpus: Corpus) -> None:
    if any(document.name == "guide.md" for document in corpus.documents()):
        corpus.remove("guide.md")


def test_texts_longer_than_the_model_takes_are_counted(guide: Corpus) -> None:
    short = HashingEmbedder(32)
    short.max_tokens = 5
    assert guide.reembed(short, "32") == 8
