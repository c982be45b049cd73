"""Documents in, replaced, removed, recognised; and what others see of it."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from retrieval.corpus import Corpus, Limits
from retrieval.documents import IndexingProgress
from retrieval.embedder import HashingEmbedder, Progress, Vectors
from retrieval.errors import (
    Cancelled,
    CorpusError,
    CorpusLocked,
    DocumentNotFound,
    EmbedderError,
)
from retrieval.retriever import Retriever

Write = Callable[[str, str | bytes], Path]

TANK = "# Tank\n\nThe tank holds two litres.\n\n# Steam\n\nThe steam works at 133 degrees.\n"


class CountingEmbedder(HashingEmbedder):
    """Notes every text that it is asked to embed."""

    def __init__(self) -> None:
        super().__init__()
        self.embedded: list[str] = []

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        self.embedded += texts
        return super().encode(texts, progress)


def test_an_added_document_is_there_whole(corpus: Corpus, write: Write) -> None:
    path = write("manual.md", TANK)
    [result] = corpus.add([path])
    document = result.document
    assert result.outcome == "added"
    assert document is not None
    assert corpus.documents() == [document]
    assert (document.name, document.version, document.passages) == ("manual.md", 1, 2)
    assert document.size == path.stat().st_size
    assert document.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert document.words == len(corpus.text(document.id).split())
    assert corpus.file(document.id).read_bytes() == path.read_bytes()
    assert corpus.file(document.id).name == document.sha256
    passages = corpus.passages(document.id)
    assert [p.heading_path for p in passages] == [("Tank",), ("Steam",)]
    for ordinal, passage in enumerate(passages):
        assert passage.text == corpus.text(document.id)[passage.start : passage.end]
        assert (passage.ordinal, passage.document) == (ordinal, "manual.md")
        assert corpus.passage(passage.id) == passage


def test_everything_survives_reopening(corpus: Corpus, write: Write) -> None:
    corpus.add([write("a.md", TANK)])
    before = (corpus.documents(), corpus.passages(), corpus.generation)
    corpus.close()
    again = Corpus.open(corpus.folder, HashingEmbedder())
    assert (again.documents(), again.passages(), again.generation) == before
    again.close()


def test_a_folder_is_walked_by_relative_name(corpus: Corpus, write: Write) -> None:
    write("docs/b.md", "# B\n\nbeta")
    write("docs/sub/a.md", "# A\n\nalpha")
    write("docs/.hidden.md", "hidden")
    write("docs/.git/x.md", "hidden")
    folder = write("docs/z.bin", b"\x00\x01").parent
    results = corpus.add([folder])
    assert [(r.name, r.outcome) for r in results] == [
        ("b.md", "added"),
        ("z.bin", "failed"),
        ("sub/a.md", "added"),
    ]
    assert "z.bin is not in a format" in results[1].reason


def test_one_bad_file_does_not_keep_the_others_out(corpus: Corpus, write: Write) -> None:
    paths = [write("a.md", TANK), write("bad.pdf", "no pdf"), write("empty.txt", b"")]
    paths += [write("c.txt", "fine words"), paths[0].with_name("missing.md")]
    results = corpus.add(paths)
    assert [r.outcome for r in results] == ["added", "failed", "failed", "added", "failed"]
    for result in results:
        if result.outcome == "failed":
            assert result.name in result.reason
            assert result.reason.endswith(".")
    stored = sorted(p.name for p in (corpus.folder / "files").iterdir())
    assert stored == sorted(document.sha256 for document in corpus.documents())


def test_adding_the_same_again_changes_nothing(corpus: Corpus, write: Write) -> None:
    path = write("a.md", TANK)
    [first] = corpus.add([path])
    generation = corpus.generation
    [second] = corpus.add([path])
    assert (second.outcome, second.document) == ("unchanged", first.document)
    assert corpus.generation == generation


def test_the_same_bytes_under_another_name_are_recognised(corpus: Corpus, write: Write) -> None:
    corpus.add([write("a.md", TANK)])
    [result] = corpus.add([write("copy.md", TANK)])
    assert result.outcome == "unchanged"
    assert result.document is not None
    assert result.document.name == "a.md"
    assert "a.md" in result.reason
    assert len(corpus.documents()) == 1


def test_the_same_bytes_twice_in_one_request(corpus: Corpus, write: Write) -> None:
    results = corpus.add([write("a.md", TANK), write("copy.md", TANK)])
    assert [r.outcome for r in results] == ["added", "unchanged"]


def test_a_new_version_replaces_the_old_one(corpus: Corpus, write: Write) -> None:
    [first] = corpus.add([write("a.md", TANK)])
    old = corpus.passages()
    [second] = corpus.add([write("a.md", "# Tank\n\nThe tank holds three litres.\n")])
    assert second.outcome == "replaced"
    assert first.document is not None
    assert second.document is not None
    assert (second.document.id, second.document.version) == (first.document.id, 2)
    assert [p.text for p in corpus.passages()] == ["The tank holds three litres."]
    found = Retriever(corpus).search("two litres steam degrees", top=10)
    assert [hit.passage.text for hit in found] == ["The tank holds three litres."]
    assert corpus.passage(old[0].id).text == "The tank holds two litres."


def test_only_what_is_new_is_embedded(tmp_path: Path, write: Write) -> None:
    embedder = CountingEmbedder()
    corpus = Corpus.open(tmp_path / "c", embedder)
    corpus.add([write("a.md", TANK)])
    assert len(embedder.embedded) == 2
    corpus.add([write("a.md", TANK + "\n# Lamp\n\nA lamp is new.\n")])
    corpus.add([write("b.md", TANK.replace("# Steam", "# Heat"))])
    assert embedder.embedded[2:] == [
        "Lamp\nA lamp is new.",
        "Heat\nThe steam works at 133 degrees.",
    ]
    corpus.close()


def test_removal_takes_everything_out(corpus: Corpus, write: Write) -> None:
    corpus.add([write("a.md", TANK), write("b.md", "# Other\n\nA heron waits.\n")])
    corpus.add([write("a.md", TANK + "\nmore words\n")])
    retriever = Retriever(corpus)
    assert retriever.search("tank litres")[0].passage.document == "a.md"
    ids = [p.id for p in corpus.passages("a.md")]
    removed = corpus.remove("a.md")
    assert removed.name == "a.md"
    assert [d.name for d in corpus.documents()] == ["b.md"]
    assert {hit.passage.document for hit in retriever.search("tank litres", top=50)} == {"b.md"}
    assert len(list((corpus.folder / "files").iterdir())) == 1
    for wanted in (lambda: corpus.document("a.md"), lambda: corpus.passage(ids[0])):
        with pytest.raises(DocumentNotFound):
            wanted()
    corpus.close()
    with sqlite3.connect(corpus.folder / "corpus.db") as connection:
        dump = "\n".join(connection.iterdump())
        connection.execute("INSERT INTO lexical (lexical) VALUES ('integrity-check')")
        assert connection.execute("SELECT count(*) FROM vectors").fetchone() == (1,)
    assert "133 degrees" not in dump
    connection.close()


def test_what_two_documents_share_stays_with_the_other(corpus: Corpus, write: Write) -> None:
    corpus.add([write("a.md", TANK), write("b.md", "# New\n\nheron\n\n" + TANK)])
    corpus.remove("a.md")
    corpus.remove(corpus.document("b.md").id)
    [result] = corpus.add([write("a.md", TANK)])
    assert result.outcome == "added"
    assert result.document is not None
    assert result.document.version == 1
    assert len(Retriever(corpus).search("tank steam")) == 2


def test_removing_what_is_not_there(corpus: Corpus) -> None:
    with pytest.raises(DocumentNotFound, match="no document named ghost"):
        corpus.remove("ghost")


def test_two_files_of_one_name_in_one_request(corpus: Corpus, write: Write) -> None:
    results = corpus.add([write("x/a.md", "# X\n\nex"), write("y/a.md", "# Y\n\nwhy")])
    assert [r.outcome for r in results] == ["added", "failed"]
    assert corpus.passages()[0].text == "ex"


def test_progress_is_by_passages_and_ends_at_its_total(corpus: Corpus, write: Write) -> None:
    seen: list[IndexingProgress] = []
    paths = [
        write(f"{n}.md", "\n".join(f"# H{k}\n\ntext {k} of {n}\n" for k in range(20)))
        for n in range(10)
    ]
    corpus.add(paths, seen.append)
    done = [state.passages_done for state in seen]
    assert done == sorted(done)
    assert len(set(done)) > 20
    assert all(state.passages_done <= state.passages_total for state in seen)
    last = seen[-1]
    assert (last.documents_done, last.documents_total) == (10, 10)
    assert (last.passages_done, last.passages_total) == (200, 200)


def test_cancelling_keeps_what_was_finished(corpus: Corpus, write: Write) -> None:
    corpus.add([write("a.md", TANK)])
    stop = threading.Event()

    def stop_soon(state: IndexingProgress) -> None:
        if state.passages_done >= 3:
            stop.set()

    long = "\n".join(f"# H{k}\n\ntext {k}\n" for k in range(50))
    with pytest.raises(Cancelled, match="kept"):
        corpus.add([write("b.md", long)], stop_soon, stop)
    assert [d.name for d in corpus.documents()] == ["a.md"]
    assert corpus.add([write("b.md", long)])[0].outcome == "added"


def test_a_failing_progress_callback_ends_the_work_cleanly(corpus: Corpus, write: Write) -> None:
    def fail(state: IndexingProgress) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        corpus.add([write("a.md", TANK)], fail)
    assert "duet-reading" not in {thread.name for thread in threading.enumerate()}
    assert corpus.documents() == []


def test_the_generation_is_seen_across_openings(corpus: Corpus, write: Write) -> None:
    other = Corpus.open(corpus.folder, HashingEmbedder())
    retriever = Retriever(other)
    assert retriever.search("tank") == []
    before = other.generation
    corpus.add([write("a.md", TANK)])
    assert other.generation > before
    assert retriever.search("tank litres")[0].passage.text == "The tank holds two litres."
    other.close()


def test_another_embedder_is_refused(corpus: Corpus, write: Write) -> None:
    corpus.add([write("a.md", TANK)])
    with pytest.raises(EmbedderError, match="hashing-64, not with hashing-32"):
        Corpus.open(corpus.folder, HashingEmbedder(32))
    assert len(corpus.documents()) == 1


def test_a_damaged_file_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "corpus.db").write_bytes(b"not a database" * 1000)
    with pytest.raises(CorpusError, match="files themselves are kept"):
        Corpus.open(tmp_path, HashingEmbedder())


def test_a_corpus_of_a_newer_version_is_left_alone(corpus: Corpus) -> None:
    corpus.close()
    connection = sqlite3.connect(corpus.folder / "corpus.db")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(CorpusError, match="newer version"):
        Corpus.open(corpus.folder, HashingEmbedder())


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(CorpusError, match="cannot be read or written"):
        Corpus.open(tmp_path / "file" / "corpus", HashingEmbedder())


def test_a_writer_elsewhere_is_waited_for_and_then_named(
    corpus: Corpus, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("retrieval.database._LOCK_SECONDS", 0.05)
    impatient = Corpus.open(corpus.folder, HashingEmbedder())
    elsewhere = sqlite3.connect(corpus.folder / "corpus.db", isolation_level=None)
    elsewhere.execute("BEGIN IMMEDIATE")
    with pytest.raises(CorpusLocked, match="nothing was changed"):
        impatient.add([write("a.md", TANK)])
    elsewhere.execute("ROLLBACK")
    elsewhere.close()
    assert impatient.add([write("a.md", TANK)])[0].outcome == "added"
    impatient.close()


def test_a_full_disk_keeps_what_was_stored(corpus: Corpus, write: Write) -> None:
    corpus.add([write("a.md", TANK)])
    with corpus._database.reading() as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
    with corpus._database._connection() as connection:
        connection.execute(f"PRAGMA max_page_count = {pages + 2}")
    long = "\n".join(f"# H{k}\n\n{'many words ' * 60}{k}\n" for k in range(100))
    with pytest.raises(CorpusError, match="is full: what was stored before is kept"):
        corpus.add([write("b.md", long)])
    assert [d.name for d in corpus.documents()] == ["a.md"]


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_a_file_without_permission(corpus: Corpus, write: Write) -> None:
    path = write("a.md", TANK)
    path.chmod(0)
    [result] = corpus.add([path])
    assert (result.outcome, "cannot be opened" in result.reason) == ("failed", True)


def test_what_a_killed_process_left_is_swept_up(corpus: Corpus, write: Write) -> None:
    corpus.add([write("a.md", TANK)])
    files = corpus.folder / "files"
    for name, age in (("0" * 64, 7200), (".incoming-x", 7200), (".incoming-y", 0)):
        (files / name).write_bytes(b"left over")
        then = time.time() - age
        os.utime(files / name, (then, then))
    held = corpus.file("a.md")
    os.utime(held, (0, 0))
    corpus.add([write("b.md", "# B\n\nbeta")])
    left = {path.name for path in files.iterdir()}
    assert left == {held.name, corpus.file("b.md").name, ".incoming-y"}


def test_limits_are_those_of_the_caller(tmp_path: Path, write: Write) -> None:
    corpus = Corpus.open(tmp_path / "c", HashingEmbedder(), Limits(file_bytes=10))
    [result] = corpus.add([write("a.md", TANK)])
    assert "more than the limit" in result.reason
    corpus.close()


def test_threads_add_remove_and_search_at_once(corpus: Corpus, write: Write) -> None:
    retriever = Retriever(corpus)
    failures: list[BaseException] = []

    def run(work: Callable[[int], object]) -> threading.Thread:
        def rounds() -> None:
            try:
                for number in range(8):
                    work(number)
            except BaseException as error:
                failures.append(error)

        thread = threading.Thread(target=rounds)
        thread.start()
        return thread

    def replace(number: int) -> None:
        corpus.add([write("same.md", f"# Same\n\nThe tank holds {number} litres.\n")])

    def add_and_remove(number: int) -> None:
        corpus.add([write(f"b{number}.md", f"# B\n\nA heron number {number} waits.\n")])
        corpus.remove(f"b{number}.md")

    def search(_: int) -> None:
        for _ in range(10):
            for hit in retriever.search("tank heron litres", top=10):
                words = hit.passage.text.split()
                assert ("heron" in words) == hit.passage.document.startswith("b")

    for thread in [run(replace), run(add_and_remove), run(search), run(search)]:
        thread.join()
    assert failures == []
    assert [d.name for d in corpus.documents()] == ["same.md"]
    assert [h.passage.text for h in retriever.search("tank heron", top=10)] == [
        "The tank holds 7 litres."
    ]


def test_a_copied_folder_is_a_corpus(corpus: Corpus, write: Write, tmp_path: Path) -> None:
    corpus.add([write("a.md", TANK)])
    Retriever(corpus).search("tank")
    corpus.close()
    shutil.copytree(corpus.folder, tmp_path / "copy")
    copy = Corpus.open(tmp_path / "copy", HashingEmbedder())
    assert Retriever(copy).search("tank")[0].passage.document == "a.md"
    copy.close()


def test_what_indexing_took_adds_up(corpus: Corpus, write: Write) -> None:
    assert corpus.indexing_seconds is None
    corpus.add([write("manual.md", TANK)])
    first = corpus.indexing_seconds
    assert first is not None and first > 0
    corpus.add([write("other.md", "# Lid\n\nThe lid is made of steel.\n")])
    assert corpus.indexing_seconds is not None and corpus.indexing_seconds > first


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_named_pipe_is_refused_and_never_waited_for(corpus: Corpus, write: Write) -> None:
    folder = write("in/good.md", "Good words.").parent
    for name in ("film.mkv", "pipe.md"):
        os.mkfifo(folder / name)
    stop = threading.Event()
    timer = threading.Timer(10, lambda: [stop.set(), *map(_let_go, folder.glob("[fp]*"))])
    timer.start()
    results = corpus.add([folder], cancelled=stop)
    timer.cancel()
    assert [(result.name, result.outcome) for result in results] == [
        ("film.mkv", "failed"),
        ("good.md", "added"),
        ("pipe.md", "failed"),
    ]
    assert "film.mkv is not in a format" in results[0].reason
    assert "pipe.md is not a file" in results[2].reason


def _let_go(pipe: Path) -> None:
    """End whoever waits for the pipe, so that a failure of the test is one."""
    os.close(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))


def test_clearing_away_never_costs_what_was_added(corpus: Corpus, write: Write) -> None:
    corpus.add([write("a.md", TANK)])
    (corpus.folder / "files" / ".incoming-gone").symlink_to("nowhere")  # as renamed meanwhile
    (result,) = corpus.add([write("b.md", "# Other\n\nA heron waits.\n")])
    assert result.outcome == "added"
