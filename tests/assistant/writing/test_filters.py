"""The filters keep what a passage supports and a question asks fairly, and say what they drop."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from assistant.writing.candidates import Candidate, evidence_span, fact_key
from assistant.writing.filters import AMBIGUOUS, Sifted, gives_away, sift, support_share
from assistant.writing.form import badly_formed, points_at_passage
from assistant.writing.ranking import search_ranks
from retrieval.corpus import Corpus
from retrieval.documents import Passage
from retrieval.embedder import HashingEmbedder
from retrieval.retriever import Retriever

TEXT = "The tank of the Kestrel holds\n1.85 litres. The lid is of brass."
PASSAGE = Passage(7, "d1", "manual.md", 0, TEXT, ("Manual", "Tank"), None, 0, len(TEXT), "s1")
ANSWER = "The tank of the Kestrel holds 1.85 litres."
GOOD = Candidate(
    "How many litres does the tank hold?",
    ANSWER,
    PASSAGE,
    evidence_span(PASSAGE, ANSWER),
    "figure",
    fact_key(PASSAGE, "figure", ANSWER),
    "the tank",
    "1.85 litres",
)


def reasons(*candidates: Candidate) -> list[str]:
    return [one.reason for one in sift(candidates).dropped]


def test_a_good_candidate_is_kept_with_its_scores_and_span() -> None:
    (kept,) = sift([GOOD], lambda questions, own: [2 for _ in own]).kept
    assert kept.scores["support"] == 1.0
    assert kept.scores["rank"] == 2.0
    assert 0 < kept.scores["overlap"] < 1
    assert kept.flags == ()
    start, end = GOOD.span
    assert " ".join(TEXT[start:end].split()) == ANSWER


@pytest.mark.parametrize("rank", [None, 5])
def test_what_does_not_find_its_passage_is_marked(rank: int | None) -> None:
    (kept,) = sift([GOOD], lambda questions, own: [rank] * len(own)).kept
    assert kept.flags == (AMBIGUOUS,)


def test_reasons() -> None:
    wrong = replace(GOOD, answer="The tank of the Kestrel holds 1.95 litres.")
    given = replace(GOOD, question="Does the tank hold 1.85 litres?")
    pointing = replace(GOOD, question="How many litres does this passage give?")
    broken = replace(GOOD, question="How many litres does Without water the tank hold?")
    assert reasons(wrong, given, pointing, broken, GOOD, GOOD) == [
        "not supported by the passage",
        "gives the answer away",
        "points at the passage",
        "badly formed",
        "repeated",
    ]


def test_an_answer_that_breaks_off_is_dropped() -> None:
    assert reasons(replace(GOOD, answer="The tank of the Kestrel holds water for.")) == [
        "badly formed"
    ]


def test_a_reverse_question_may_name_the_value_but_not_the_subject() -> None:
    reverse = replace(GOOD, question="What holds 1.85 litres?", reverse=True)
    told = replace(reverse, question="Does the tank hold 1.85 litres?")
    assert reasons(reverse, told) == ["gives the answer away"]


def test_near_duplicates_with_different_answers_are_both_dropped() -> None:
    other = replace(GOOD, question="How many litres does the tank hold?", answer="Of brass.")
    sifted = sift([GOOD, other])
    assert not sifted.kept
    assert [one.count for one in sifted.report] == [2]
    assert sifted.report[0].samples[0] == GOOD.question


def test_nothing_gives_an_empty_report() -> None:
    assert sift([]) == Sifted((), ())
    assert sift([]).report == ()


def test_gives_away_without_a_known_value() -> None:
    assert gives_away("Is the lid of brass?", "The lid is of brass.")
    assert not gives_away("What is the lid made of?", "The lid is of brass.")


def test_support() -> None:
    assert support_share("Yes.", TEXT) == 1.0
    assert support_share("The lid is of copper from Wales.", TEXT) == 0.0


@pytest.mark.parametrize(
    "question",
    [
        "How many kg does Without water the Aurora weigh?",
        "When did it open?",
        "Litres?",
        "what is the lid made of?",
        "What is the the lid?",
        "What is the price of the?",
        "How many minutes does the programme is run?",
    ],
)
def test_broken_questions(question: str) -> None:
    assert badly_formed(question)


@pytest.mark.parametrize(
    "question",
    [
        "How many litres does the tank hold?",
        "What is the Kestrel called?",
        "Who is the landlord of the Mirk brothers?",
        "Tell me the price of article OV-101.",
        "How long does the whole round take?",
        "What does the firm do when a parcel is late?",
    ],
)
def test_whole_questions(question: str) -> None:
    assert not badly_formed(question)


def test_pointing() -> None:
    for text in ("What does the text say?", "What is mentioned above?", "Who wrote this document?"):
        assert points_at_passage(text)
    assert not points_at_passage("What do the documents say about “this text”?")
    assert not points_at_passage("What is the text of the law about?")


def test_ranks_of_the_assistants_own_search(tmp_path: Path) -> None:
    document = tmp_path / "manual.md"
    document.write_text("# Tank\n\nIt holds 1.85 litres.\n\n# Lid\n\nThe lid is of brass.\n")
    corpus = Corpus.open(tmp_path / "corpus", HashingEmbedder())
    corpus.add([document])
    retriever = Retriever(corpus)
    tank, lid = corpus.passages()
    seen: list[float] = []
    asked = ["How many litres does the tank hold?", "What is the lid made of?"]
    assert search_ranks(retriever, progress=seen.append)(asked, [tank.id, lid.id]) == [1, 1]
    assert search_ranks(retriever)(asked, [lid.id, -1])[1] is None
    assert seen == [1.0]
    assert retriever.ranked_ids(asked, 1) == [
        [retriever.search(question, 1)[0].passage.id] for question in asked
    ]
    retriever.close()
    corpus.close()
