"""Dense and lexical fused; raw scores that can tell whether anything relevant was found."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from retrieval.abstention import ThresholdRule, passes
from retrieval.corpus import Corpus
from retrieval.documents import Hit
from retrieval.embedder import load_embedder
from retrieval.evaluation import rank, search_all
from retrieval.lexical import STOP_WORDS, bm25, question_words, terms_of
from retrieval.questions import read_questions
from retrieval.retriever import Retriever, min_max

Write = Callable[[str, str | bytes], Path]

DOCUMENTS = {
    "tank.md": "# Tank\n\nThe tank holds 1.85 litres of water.",
    "steam.md": "# Steam\n\nThe steam circuit works at 133 degrees.",
    "parts.csv": "Number,Part\nOV-GK-58,Brew gasket\nOV-SS-36,Shower screen\nOV-GK-85,Lamp\n",
    "people.md": "# People\n\nOttoline Marsh leads the firm in Marrowhythe.",
    "heron.md": "# Heron\n\nA heron stands by the river, and waits for the tide.",
}


@pytest.fixture
def filled(corpus: Corpus, write: Write) -> Corpus:
    corpus.add([write(name, text) for name, text in DOCUMENTS.items()])
    return corpus


def test_the_best_of_bm25_are_those_of_all(corpus: Corpus, write: Write) -> None:
    corpus.add(
        [write("a.md", "\n".join(f"# S{n}\n\nlamp {'tank ' * (n % 7)}{n}\n" for n in range(40)))]
    )
    with corpus.snapshot() as snapshot:
        everything = bm25(snapshot.connection, "lamp tank S3")
        among = [2, 39, 10**6]
        best = bm25(snapshot.connection, "lamp tank S3", 6, among)
        assert len(bm25(snapshot.connection, "zebra", 6, among).ids) == 0
    order = np.lexsort((everything.ids, -everything.scores))
    scores = dict(zip(everything.ids.tolist(), everything.scores.tolist(), strict=True))
    wanted = {*everything.ids[order[:6]].tolist(), *(key for key in among if key in scores)}
    assert set(best.ids.tolist()) == wanted
    assert best.scores.tolist() == sorted((scores[key] for key in wanted), reverse=True)


def test_a_title_is_found_by_its_words_where_no_heading_is(corpus: Corpus, write: Write) -> None:
    corpus.add(
        [
            write("AX-200_Kestrel.txt", "It holds 1.85 litres of water."),
            write("tank.md", "# Tank\n\nIt holds 3 litres of milk."),
        ]
    )
    hit = Retriever(corpus).search("kestrel", top=1)[0]
    assert (hit.passage.document, hit.passage.title) == ("AX-200_Kestrel.txt", "AX 200 Kestrel")
    assert hit.bm25 > 0
    assert hit.overlap == 1
    [other] = corpus.passages("tank.md")
    assert (other.title, other.indexed_text) == ("", "Tank\nIt holds 3 litres of milk.")
    corpus.remove("AX-200_Kestrel.txt")
    with corpus.snapshot() as snapshot:
        assert not len(bm25(snapshot.connection, "kestrel").ids)


def test_hits_carry_both_scores_and_their_rank(filled: Corpus) -> None:
    hits = Retriever(filled).search("How many litres does the tank hold?", top=3)
    assert [hit.rank for hit in hits] == [1, 2, 3]
    best = hits[0]
    assert best.passage.document == "tank.md"
    assert best.passage in filled.passages()
    assert best.bm25 > 0
    assert best.overlap == 1.0
    assert best.score == max(hit.score for hit in hits)
    assert hits == sorted(hits, key=lambda hit: -hit.score)
    for hit in hits:
        assert 0 <= hit.score <= 1
        assert -1 <= hit.cosine <= 1
        assert 0 <= hit.overlap <= 1


def test_cosine_is_that_of_the_hits_own_passage(filled: Corpus) -> None:
    question = "tank litres steam heron"
    vector = filled.embedder.encode([question])[0]
    for hit in Retriever(filled).search(question, top=10):
        own = filled.embedder.encode([hit.passage.indexed_text])[0]
        assert hit.cosine == pytest.approx(float(own @ vector), abs=1e-5)


def test_the_score_is_the_mean_of_both_normalised(filled: Corpus) -> None:
    hits = Retriever(filled).search("tank litres and the steam", top=100)
    assert len(hits) == len(filled.passages())
    cosines = min_max(np.array([hit.cosine for hit in hits]))
    words = min_max(np.array([hit.bm25 for hit in hits]))
    np.testing.assert_allclose([hit.score for hit in hits], (cosines + words) / 2, atol=1e-6)


def test_it_is_not_one_list_after_the_other(corpus: Corpus, write: Write) -> None:
    corpus.add([write(f"{n}.md", f"# N{n}\n\nword{n} common text") for n in range(30)])
    hits = Retriever(corpus, candidates=5).search("word7 common", top=30)
    ids = [hit.passage.id for hit in hits]
    assert len(ids) == len(set(ids))
    assert hits[0].passage.document == "7.md"


def test_an_exact_term_is_found(filled: Corpus) -> None:
    retriever = Retriever(filled)
    assert "OV-GK-58" in retriever.search("What is OV-GK-58?")[0].passage.text
    assert retriever.search("1.85")[0].passage.document == "tank.md"


def test_words_that_nobody_wrote_score_nothing(filled: Corpus) -> None:
    for hit in Retriever(filled).search("xylophone quagga", top=10):
        assert (hit.bm25, hit.overlap) == (0.0, 0.0)


@pytest.mark.parametrize("question", ["Hello", "hi", "Thank you", "What is it that you do?", "?"])
def test_small_talk_overlaps_with_nothing(filled: Corpus, question: str) -> None:
    for hit in Retriever(filled).search(question, top=10):
        assert hit.overlap == 0.0


@pytest.mark.parametrize("question", ["", "   ", "\n"])
def test_no_question_no_hits(filled: Corpus, question: str) -> None:
    assert Retriever(filled).search(question) == []


@pytest.mark.parametrize(
    "question",
    [
        '" OR "1"="1',
        "NEAR(tank, 2) AND NOT *",
        "heading_path : tank",
        "tank*",
        "-- ; DROP TABLE passages",
        "\x00\ud800 tank",
        "word " * 5000,
        "'" * 100,
    ],
)
def test_no_question_can_break_the_search(filled: Corpus, question: str) -> None:
    Retriever(filled).search(question)
    assert len(filled.documents()) == len(DOCUMENTS)


def test_an_empty_corpus(corpus: Corpus) -> None:
    assert Retriever(corpus).search("anything") == []


def test_a_single_passage(corpus: Corpus, write: Write) -> None:
    corpus.add([write("a.md", DOCUMENTS["tank.md"])])
    [hit] = Retriever(corpus).search("tank")
    assert hit.score > 0
    assert hit.bm25 > 0


def test_changes_are_seen_at_once(filled: Corpus, write: Write) -> None:
    retriever = Retriever(filled)
    assert retriever.search("otter")[0].overlap == 0
    filled.add([write("otter.md", "# Otter\n\nAn otter swims.")])
    assert retriever.search("otter")[0].passage.document == "otter.md"
    filled.remove("otter.md")
    assert retriever.search("otter")[0].overlap == 0


def test_threads_get_their_own_hits(filled: Corpus) -> None:
    retriever = Retriever(filled)
    questions = ["tank litres", "steam circuit degrees", "brew gasket", "Ottoline Marsh", "heron"]
    alone = {question: retriever.search(question) for question in questions}
    mixed: list[tuple[str, list[Hit]]] = []

    def ask(shift: int) -> None:
        for step in range(20):
            question = questions[(shift + step) % len(questions)]
            mixed.append((question, retriever.search(question)))

    threads = [threading.Thread(target=ask, args=(shift,)) for shift in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(mixed) == 100
    assert all(hits == alone[question] for question, hits in mixed)


def test_min_max() -> None:
    assert min_max(np.array([2.0, 4.0, 3.0])).tolist() == [0, 1, 0.5]
    assert min_max(np.array([0.0, 0.0])).tolist() == [0, 0]
    assert min_max(np.array([3.0])).tolist() == [1]


def test_bm25_is_the_formula(corpus: Corpus, write: Write) -> None:
    texts = ["heron heron tide", "heron lamp lamp lamp", "kettle", "valve", "brass"]
    corpus.add([write(f"{n}.txt", text) for n, text in enumerate(texts)])
    with corpus.snapshot() as snapshot:
        found = bm25(snapshot.connection, "heron")
    lengths = [len(text.split()) + 1 for text in texts]  # and the title that the name gives
    mean = sum(lengths) / len(lengths)
    weight = math.log((5 - 2 + 0.5) / (2 + 0.5))
    expected = [
        weight * count * 2.2 / (count + 1.2 * (0.25 + 0.75 * length / mean))
        for count, length in ((2, 4), (1, 5))
    ]
    np.testing.assert_allclose(np.sort(found.scores), np.sort(expected), rtol=1e-6)


def test_question_words() -> None:
    assert question_words("What's the price of OV-GK-58, in the EU?") == [
        "price",
        "ov-gk-58",
        "eu",
    ]
    assert question_words("who are you") == ["who", "are", "you"]
    assert set(question_words("who are you")) <= STOP_WORDS


def test_terms_are_stems_as_in_the_index() -> None:
    assert set(terms_of("Descaling descaled Crème 1.85")) == {"descal", "creme", "1", "85"}


@pytest.fixture(scope="module")
def real(
    tmp_path_factory: pytest.TempPathFactory, shared_data_or_none: Path | None
) -> Iterator[Corpus]:
    if shared_data_or_none is None:
        pytest.skip("the shared data folder is not beside this checkout")
    corpus = Corpus.open(tmp_path_factory.mktemp("real"), load_embedder())
    corpus.add([shared_data_or_none / "qa_xquad" / "docs"])
    yield corpus
    corpus.close()


# Slow: embeds 1,190 questions and the articles with the built-in model.
@pytest.mark.slow
def test_the_fused_search_beats_each_side_alone_on_real_questions(
    real: Corpus, shared_data: Path
) -> None:
    questions = read_questions(shared_data / "qa_xquad" / "qa.jsonl")
    searched, unjudged = search_all(Retriever(real), questions)
    assert (len(searched), unjudged) == (1190, [])
    report = rank(Retriever(real), searched)
    for one in report.comparisons:
        assert one.metric == "ndcg@10" and one.system == "fused"
        assert one.low > 0, report.verdicts
    fused = report.system("fused")
    assert fused is not None
    assert fused.metric("document_recall@1").value >= 0.97


@pytest.mark.slow
@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("How many points did the Panthers defense surrender?", True),
        ("Who did Genghis Khan's grandson lead against?", True),
        ("Hello", False),
        ("Thank you very much", False),
        ("How do I reset the password of my router?", False),
        ("What is the best pizza in Rome?", False),
    ],
)
def test_real_questions_and_small_talk_are_told_apart(
    real: Corpus, question: str, answer: bool
) -> None:
    hits = Retriever(real).search(question)
    assert passes(ThresholdRule(0.45, 0.4), hits) is answer
