"""A sentence of each document must find its own passage."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from retrieval.corpus import Corpus
from retrieval.embedder import HashingEmbedder
from retrieval.errors import Cancelled
from retrieval.retriever import Retriever
from retrieval.self_check import MOST_DOCUMENTS, check_added, check_documents, with_checks

Write = Callable[[str, str | bytes], Path]

TANK = "The tank holds two litres. The tank is rinsed with cold vinegar every Friday.\n"
CARE = (
    "The grinder is cleaned once a week. Take out the hopper, brush the burrs and wipe the funnel "
    "with a dry cloth. After 200 cups the burrs are replaced by a workshop in Lyon.\n"
)


def test_what_was_added_is_checked_and_the_result_is_kept(corpus: Corpus, write: Write) -> None:
    results = corpus.add([write("a.md", f"# Tank\n\n{TANK}"), write("b.md", f"# Care\n\n{CARE}")])
    assert [d.self_check for d in corpus.documents()] == [None, None]
    generation = corpus.generation
    report = check_added(Retriever(corpus), results)
    assert report.sentence == "2 of 2 documents passed."
    check = corpus.document("a.md").self_check
    assert check is not None
    assert check.outcome == "passed"
    assert check.sentence == "The tank is rinsed with cold vinegar every Friday."
    assert [r.document for r in with_checks(results, report)] == corpus.documents()
    assert corpus.generation == generation
    assert check_added(Retriever(corpus), corpus.add([write("a.md", f"# Tank\n\n{TANK}")])) == (
        check_added(Retriever(corpus), [])
    )


def test_a_new_version_has_not_been_checked(corpus: Corpus, write: Write) -> None:
    check_added(Retriever(corpus), corpus.add([write("a.md", TANK)]))
    corpus.add([write("a.md", CARE)])
    assert corpus.document("a.md").self_check is None


def test_a_passage_that_the_search_has_lost_fails(corpus: Corpus, write: Write) -> None:
    corpus.add([write("a.md", TANK)])
    corpus.add([write(f"{n}.md", f"# Steam\n\nThe steam works at {n} degrees.") for n in range(9)])
    with corpus._database.writing() as connection:
        connection.execute(
            "UPDATE vectors SET vector = zeroblob(256) WHERE content = "
            "(SELECT content FROM passages ORDER BY id LIMIT 1)"
        )
        connection.execute(
            "INSERT INTO lexical (lexical, rowid, heading_path, text) "
            "SELECT 'delete', id, heading_path, text FROM passages ORDER BY id LIMIT 1"
        )
    report = check_documents(Retriever(corpus), corpus.documents())
    [failed] = report.failed
    assert failed.name == "a.md"
    assert failed.self_check is not None
    assert len(failed.self_check.found) == 3
    assert all(source.endswith("> Steam") for source in failed.self_check.found)
    assert corpus.document("a.md") == failed
    assert (
        report.sentence == "9 of 10 documents passed; not found by a sentence of their own: a.md."
    )


def test_a_document_of_duplicates_finds_the_passage_in_its_place(
    corpus: Corpus, write: Write
) -> None:
    corpus.add([write("a.md", f"# Care\n\n{CARE}\n# Tank\n\n{TANK}")])
    corpus.add([write("b.md", f"# Care\n\n{CARE}\n")])
    report = check_documents(Retriever(corpus), corpus.documents())
    checks = [d.self_check for d in report.checked]
    assert [check.outcome for check in checks if check] == ["passed", "passed"]
    assert checks[0] is not None
    assert "vinegar" in checks[0].sentence


def test_no_sentence_is_neither_passed_nor_failed(corpus: Corpus, write: Write) -> None:
    report = check_added(
        Retriever(corpus), corpus.add([write("a.txt", "12"), write("b.txt", TANK)])
    )
    assert [d.self_check.outcome for d in report.checked if d.self_check] == [
        "no_sentence",
        "passed",
    ]
    assert report.failed == ()


def test_of_a_large_addition_some_are_checked_and_it_says_so(corpus: Corpus, write: Write) -> None:
    paths = [
        write(f"{n:03}.md", f"# H{n}\n\nHeron {n} waits by river {n} today.") for n in range(210)
    ]
    report = check_added(Retriever(corpus), corpus.add(paths))
    assert len(report.checked) == MOST_DOCUMENTS
    assert report.unchecked == 10
    assert report.sentence.endswith("10 were not checked.")
    assert sum(d.self_check is None for d in corpus.documents()) == 10


def test_stopped_it_keeps_what_was_checked(corpus: Corpus, write: Write) -> None:
    corpus.add([write("a.md", TANK), write("b.md", CARE)])
    stop = threading.Event()
    with pytest.raises(Cancelled, match="1 of 2 documents were checked"):
        check_documents(
            Retriever(corpus),
            corpus.documents(),
            progress=lambda *_: stop.set(),
            cancelled=stop,
        )
    assert [d.self_check is None for d in corpus.documents()] == [False, True]


def test_another_embedder_makes_the_result_unknown(corpus: Corpus, write: Write) -> None:
    check_added(Retriever(corpus), corpus.add([write("a.md", TANK)]))
    corpus.reembed(HashingEmbedder(32), "32")
    assert corpus.document("a.md").self_check is None


def test_a_document_removed_meanwhile_is_left_out(corpus: Corpus, write: Write) -> None:
    results = corpus.add([write("a.md", TANK), write("b.md", CARE)])
    corpus.remove("a.md")
    report = check_added(Retriever(corpus), results)
    assert [d.name for d in report.checked] == ["b.md"]
    corpus.remove("b.md")
