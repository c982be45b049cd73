"""A kill -9 at any moment leaves whole documents, no half ones; two processes may add at once."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from retrieval.corpus import Corpus
from retrieval.embedder import HashingEmbedder
from retrieval.retriever import Retriever

DOCUMENTS = 60
PASSAGES = 40

_ADDER = """
import sys, time
from pathlib import Path
from retrieval import indexing
from retrieval.corpus import Corpus
from retrieval.embedder import HashingEmbedder

class Slow(HashingEmbedder):
    def encode(self, texts, progress=None):
        time.sleep(0.1)
        return super().encode(texts, progress)

indexing.GROUP_PASSAGES = 100
Corpus.open(Path(sys.argv[1]), Slow()).add([Path(sys.argv[2])])
"""


@pytest.mark.parametrize("generation", [1, 4])
def test_whole_documents_or_none(tmp_path: Path, generation: int) -> None:
    uploads = tmp_path / "uploads"
    uploads.mkdir()
    for number in range(DOCUMENTS):
        text = "\n".join(f"# H{k}\n\nText {k} of {number}.\n" for k in range(PASSAGES))
        (uploads / f"{number:02}.md").write_text(text, encoding="utf-8")
    folder = tmp_path / "corpus"
    corpus = Corpus.open(folder, HashingEmbedder())
    adder = subprocess.Popen(
        [sys.executable, "-c", _ADDER, str(folder), str(uploads)],
        cwd=Path(__file__).resolve().parents[2],
    )
    while corpus.generation < generation and adder.poll() is None:
        time.sleep(0.01)
    adder.send_signal(signal.SIGKILL)
    assert adder.wait() == -signal.SIGKILL
    corpus.close()

    corpus = Corpus.open(folder, HashingEmbedder())
    documents = corpus.documents()
    assert 0 < len(documents) < DOCUMENTS
    for document in documents:
        passages = corpus.passages(document.id)
        assert len(passages) == document.passages == PASSAGES
        text = corpus.text(document.id)
        assert all(p.text == text[p.start : p.end] for p in passages)
        assert corpus.file(document.id).stat().st_size == document.size
    hits = Retriever(corpus).search("Text 3 of 0.", top=5)
    assert hits[0].passage.text == "Text 3 of 0."

    outcomes = [result.outcome for result in corpus.add([uploads])]
    assert outcomes.count("unchanged") == len(documents)
    assert outcomes.count("added") == DOCUMENTS - len(documents)
    assert len(corpus.passages()) == DOCUMENTS * PASSAGES
    corpus.close()
    connection = sqlite3.connect(folder / "corpus.db")
    connection.execute("INSERT INTO lexical (lexical) VALUES ('integrity-check')")
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def test_two_processes_adding_the_same_folder(tmp_path: Path) -> None:
    uploads = tmp_path / "uploads"
    uploads.mkdir()
    for number in range(DOCUMENTS):
        (uploads / f"{number:02}.md").write_text(f"# H\n\nText of {number}.\n", encoding="utf-8")
    folder = tmp_path / "corpus"
    adders = [
        subprocess.Popen(
            [sys.executable, "-c", _ADDER, str(folder), str(uploads)],
            cwd=Path(__file__).resolve().parents[2],
        )
        for _ in range(2)
    ]
    assert [adder.wait() for adder in adders] == [0, 0]
    corpus = Corpus.open(folder, HashingEmbedder())
    assert [document.version for document in corpus.documents()] == [1] * DOCUMENTS
    assert len(corpus.passages()) == DOCUMENTS
    corpus.close()
