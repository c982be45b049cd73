"""Passages that several documents hold: searched once, with all their sources."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

from retrieval.corpus import Corpus
from retrieval.retriever import Retriever

Write = Callable[[str, str | bytes], Path]

CARE = (
    "The grinder is cleaned once a week. Take out the hopper, brush the burrs and wipe the funnel "
    "with a dry cloth. After 200 cups the burrs are replaced by a workshop in Lyon.\n"
)
FIRST = f"# Care\n\n{CARE}\n# Lamp\n\nThe lamp of the first guide is green.\n"
SECOND = f"# Care\n\n{CARE.replace('Take out', 'Please take out')}\n# Ring\n\nA ring is red.\n"


def sources(corpus: Corpus, question: str) -> list[tuple[str, tuple[str, ...]]]:
    hits = Retriever(corpus).search(question, top=10)
    return [(h.passage.document, h.also_in) for h in hits if "hopper" in h.passage.text]


def test_a_near_duplicate_is_searched_once_with_all_its_sources(
    corpus: Corpus, write: Write
) -> None:
    corpus.add([write("a.md", FIRST), write("b.md", SECOND)])
    corpus.add([write("c.md", f"# Care\n\n{CARE}\n# Dial\n\nThe dial is blue.\n")])
    assert sources(corpus, "How is the hopper cleaned?") == [("a.md", ("b.md", "c.md"))]
    assert [d.duplicates for d in corpus.documents()] == [0, 1, 1]
    assert [p.heading_path for p in corpus.passages("b.md")] == [("Care",), ("Ring",)]
    with corpus.snapshot() as snapshot:
        kept, behind = corpus.passages("a.md")[0], corpus.passages("b.md")[0]
        assert snapshot.twins()[behind.id] == kept.id
        assert len(snapshot.live_ids()) == 4


def test_another_takes_its_place_at_once(corpus: Corpus, write: Write) -> None:
    corpus.add([write("a.md", FIRST), write("b.md", SECOND)])
    corpus.add([write("c.md", f"# Care\n\n{CARE}\n# Dial\n\nThe dial is blue.\n")])
    corpus.remove("a.md")
    assert sources(corpus, "hopper") == [("b.md", ("c.md",))]
    corpus.add([write("b.md", "# Other\n\nNothing of it is left.\n")])
    assert sources(corpus, "hopper") == [("c.md", ())]
    assert [d.duplicates for d in corpus.documents()] == [0, 0]
    corpus.remove("c.md")
    assert sources(corpus, "hopper") == []
    corpus.close()
    with sqlite3.connect(corpus.folder / "corpus.db") as connection:
        assert connection.execute("SELECT count(*) FROM bands").fetchone() == (0,)
        connection.execute("INSERT INTO lexical (lexical) VALUES ('integrity-check')")
    connection.close()


def test_a_new_version_of_the_first_source_does_not_lose_the_second(
    corpus: Corpus, write: Write
) -> None:
    corpus.add([write("a.md", FIRST), write("b.md", SECOND)])
    corpus.add([write("a.md", FIRST + "\n# New\n\nA heron waits.\n")])
    assert sources(corpus, "hopper") == [("b.md", ("a.md",))]
    corpus.remove("b.md")
    assert sources(corpus, "hopper") == [("a.md", ())]


def test_two_versions_of_a_price_list_are_both_searched(corpus: Corpus, write: Write) -> None:
    listed = "# Prices\n\n" + "The kettle of steel with a lid and a handle of wood costs {} euro.\n"
    corpus.add([write("2024.md", listed.format(20)), write("2025.md", listed.format(25))])
    hits = Retriever(corpus).search("What does the kettle cost?")
    assert {(hit.passage.document, hit.also_in) for hit in hits} == {
        ("2024.md", ()),
        ("2025.md", ()),
    }


def test_the_same_words_under_another_heading_say_something_else(
    corpus: Corpus, write: Write
) -> None:
    corpus.add([write("a.md", f"# Aurora\n\n{CARE}"), write("b.md", f"# Borealis\n\n{CARE}")])
    assert {name for name, _ in sources(corpus, "hopper")} == {"a.md", "b.md"}


def test_the_same_words_in_files_of_other_names_are_searched_once(
    corpus: Corpus, write: Write
) -> None:
    again = CARE.replace("Take out", "Please take out")
    corpus.add([write("care.txt", CARE), write("grinder.txt", again)])
    assert corpus.passages("grinder.txt")[0].indexed_text.startswith("grinder\n")
    assert sources(corpus, "hopper") == [("care.txt", ("grinder.txt",))]


def test_a_passage_twice_in_one_document_is_searched_once(corpus: Corpus, write: Write) -> None:
    corpus.add([write("a.md", f"# Care\n\n{CARE}\n# Lamp\n\nIt is green.\n\n# Care\n\n{CARE}")])
    assert sources(corpus, "hopper") == [("a.md", ())]
    assert corpus.document("a.md").duplicates == 1


def test_a_new_version_says_what_it_replaces(corpus: Corpus, write: Write) -> None:
    corpus.add([write("a.md", FIRST)])
    day = corpus.document("a.md").added_at.astimezone()
    [result] = corpus.add([write("a.md", FIRST.replace("green", "blue"))])
    assert result.reason == (
        f"It replaces version 1 of {day.day} {day:%B %Y}: 1 passage changed, 1 unchanged."
    )
