"""Documents cut into another size: all of them or none, their sections and citations as before."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from retrieval.corpus import Corpus
from retrieval.embedder import HashingEmbedder, Progress, Vectors
from retrieval.errors import Cancelled
from retrieval.passage_size import SizedEmbedder
from retrieval.retriever import Retriever

Write = Callable[[str, str | bytes], Path]

PROSE = " ".join(f"Sentence {n} tells of heron{n} and the tide of day {n}." for n in range(60))
ROWS = "Number,Part\n" + "\n".join(f"OV-{n},Gasket of size {n}" for n in range(60))


@pytest.fixture
def filled(corpus: Corpus, write: Write) -> Corpus:
    text = f"# Birds\n\n{PROSE}\n\n# Notes\n\nA short note.\n\n# Notes\n\nAnother short note."
    corpus.add([write("birds.md", text), write("parts.csv", ROWS)])
    return corpus


def longest(corpus: Corpus) -> int:
    texts = [passage.indexed_text for passage in corpus.passages()]
    return max(corpus.embedder.count_tokens(texts))


def test_every_passage_has_the_new_size_and_every_word_is_kept(filled: Corpus) -> None:
    before = filled.passages()
    assert longest(filled) > 64
    filled.recut(64)
    after = filled.passages()
    assert filled.passage_tokens == 64
    assert longest(filled) <= 64
    assert len(after) > len(before)
    for document in filled.documents():
        text = filled.text(document.id)
        own = [p for p in after if p.document_id == document.id]
        assert all(text[p.start : p.end] == p.text for p in own)
        was = " ".join(p.text for p in before if p.document_id == document.id).split()
        assert " ".join(p.text for p in own).split() == was
        assert document.passages == len(own)


def test_sections_stay_what_they_were(filled: Corpus) -> None:
    before = list(dict.fromkeys(p.section for p in filled.passages()))
    filled.recut(48)
    assert list(dict.fromkeys(p.section for p in filled.passages())) == before


def test_there_and_back_again(filled: Corpus) -> None:
    def told(corpus: Corpus) -> list[tuple[object, ...]]:
        return [(p.document, p.heading_path, p.section) for p in corpus.passages()]

    before = told(filled)
    filled.recut(64)
    assert told(filled) != before
    filled.recut(256)
    assert told(filled) == before
    assert filled.passage_tokens == filled.embedder.max_tokens


def test_rows_are_not_cut_in_two(filled: Corpus) -> None:
    filled.recut(64)
    rows = [p.text for p in filled.passages() if p.document == "parts.csv"]
    assert len(rows) > 10
    assert all("OV-" in text and "Gasket of size" in text for text in rows)


def test_the_search_finds_the_new_passages_and_old_ones_can_still_be_read(filled: Corpus) -> None:
    retriever = Retriever(filled)
    before = retriever.search("heron41 tide")[0].passage
    filled.recut(48)
    after = retriever.search("heron41 tide")[0].passage
    assert "heron41" in after.text and len(after.text) < len(before.text)
    assert filled.passage(before.id).text == before.text


def test_what_is_added_later_has_the_new_size(filled: Corpus, write: Write) -> None:
    filled.recut(48)
    filled.add([write("more.md", f"# More\n\n{PROSE.replace('heron', 'raven')}")])
    assert longest(filled) <= 48


def test_stopping_changes_nothing(filled: Corpus) -> None:
    before, generation = filled.passages(), filled.generation
    cancelled = threading.Event()

    def progress(done: int, total: int) -> None:
        assert done <= total
        if done > 5:
            cancelled.set()

    with pytest.raises(Cancelled, match="they are as they were"):
        filled.recut(48, progress, cancelled)
    assert (filled.passages(), filled.generation) == (before, generation)
    assert filled.passage_tokens == filled.embedder.max_tokens


class Interrupted(HashingEmbedder):
    """Calls back before it embeds for the first time."""

    def __init__(self, then: Callable[[], object]) -> None:
        super().__init__()
        self._then: Callable[[], object] | None = then

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        then, self._then = self._then, None
        if then is not None:
            then()
        return super().encode(texts, progress)


def test_a_document_added_meanwhile_is_cut_as_well(
    filled: Corpus, write: Write, tmp_path: Path
) -> None:
    more = write("more.md", f"# More\n\n{PROSE.replace('heron', 'raven')}")
    second = Corpus.open(filled.folder, Interrupted(lambda: filled.add([more])))
    second.recut(48)
    second.close()
    assert len(filled.documents()) == 3
    assert longest(filled) <= 48


def test_a_trial_leaves_the_corpus_alone(filled: Corpus, tmp_path: Path) -> None:
    before, generation = filled.passages(), filled.generation
    trial = filled.recut_into(tmp_path / "trial", SizedEmbedder(filled.embedder, 48))
    assert longest(trial) <= 48
    assert [d.name for d in trial.documents()] == [d.name for d in filled.documents()]
    assert "heron41" in Retriever(trial).search("heron41 tide")[0].passage.text
    trial.close()
    assert (filled.passages(), filled.generation) == (before, generation)


def test_questions_are_embedded_once_for_all_sizes() -> None:
    asked: list[str] = []

    class Counting(HashingEmbedder):
        def encode_query(self, questions: Sequence[str]) -> Vectors:
            asked.extend(questions)
            return super().encode_query(questions)

    first = SizedEmbedder(Counting(), 64, remember=True)
    second = first.resized(128)
    assert (first.encode_query(["a", "b"]) == second.encode_query(["a", "b"])).all()
    assert asked == ["a", "b"]
    assert (first.max_tokens, second.max_tokens, second.name) == (64, 128, "hashing-64")
    assert SizedEmbedder(Counting(), 10_000).max_tokens == 256
