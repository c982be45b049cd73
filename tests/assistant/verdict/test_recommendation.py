"""The recommendation: no stronger than the evidence, and always with a next step."""

from __future__ import annotations

from dataclasses import replace

import pytest

from assistant.records import ContenderKind
from assistant.verdict.evidence import (
    ContenderEvidence,
    Evidence,
    Measured,
    PairEvidence,
    Preference,
    QualityDifference,
    VoteDifference,
)
from assistant.verdict.recommendation import p_words, recommend


def contender(kind: ContenderKind, quality: float | None = 0.7) -> ContenderEvidence:
    measured = None if quality is None else Measured(quality, quality - 0.1, quality + 0.1, 100)
    return ContenderEvidence(
        kind, f"id-{kind}", measured, preference=Preference(1000, 900, 1100, 9)
    )


def by_tests(difference: float, p_value: float) -> QualityDifference:
    return QualityDifference(difference, difference - 0.1, difference + 0.1, p_value, 100, 400)


def by_votes(wins: int, losses: int, low: float, high: float) -> VoteDifference:
    return VoteDifference(wins, losses, 0, low, high, 9)


SILENT_TEST = by_tests(0.02, 0.6)
SILENT_VOTE = by_votes(5, 4, 0.2, 0.8)
FOR_FIRST = by_tests(0.3, 0.001), by_votes(40, 5, 0.7, 0.97)


def evidence(*pairs: PairEvidence, kinds: tuple[ContenderKind, ...] = ("rag", "tuned")) -> Evidence:
    return Evidence(tuple(contender(kind) for kind in kinds), pairs, 0, True, True)


def test_tests_and_votes_that_agree_settle_it() -> None:
    said = recommend(evidence(PairEvidence("rag", "tuned", *FOR_FIRST)))
    assert (said.choice, said.certainty, said.next_step.action) == ("rag", "settled", "watch")
    assert said.sentence == "Use RAG: the tests and the blind votes both prefer it."
    assert said.reasons == (
        "Against the tuned model: +30 points of test questions answered rightly (95 % interval "
        "+20 to +40, p = .001, 100 questions), and 40 of 45 decisive blind votes.",
    )


def test_the_order_within_a_pair_does_not_matter() -> None:
    said = recommend(evidence(PairEvidence("tuned", "rag", *FOR_FIRST)))
    assert (said.choice, said.certainty) == ("tuned", "settled")
    other = recommend(
        evidence(PairEvidence("rag", "tuned", by_tests(-0.3, 0.001), by_votes(5, 40, 0.03, 0.3)))
    )
    assert (other.choice, other.certainty) == ("tuned", "settled")
    assert other.reasons[0].startswith("Against RAG: +30 points")
    assert "40 of 45 decisive" in other.reasons[0]


@pytest.mark.parametrize(
    ("pair", "words"),
    [
        (PairEvidence("rag", "tuned", FOR_FIRST[0], SILENT_VOTE), "the tests prefer it"),
        (PairEvidence("rag", "tuned", FOR_FIRST[0], None), "the tests prefer it"),
        (PairEvidence("rag", "tuned", SILENT_TEST, FOR_FIRST[1]), "the blind votes prefer it"),
        (PairEvidence("rag", "tuned", None, FOR_FIRST[1]), "the blind votes prefer it"),
    ],
)
def test_one_of_the_two_makes_it_likely(pair: PairEvidence, words: str) -> None:
    said = recommend(evidence(pair))
    assert (said.choice, said.certainty) == ("rag", "likely")
    assert words in said.sentence


def test_no_winner_is_named_without_evidence() -> None:
    said = recommend(evidence(PairEvidence("rag", "tuned", SILENT_TEST, SILENT_VOTE)))
    assert said.certainty == "open"
    assert "Nothing tells RAG and the tuned model apart" in said.sentence
    assert said.next_step.sentence.startswith("9 more decisive votes")


def test_contradiction_is_named() -> None:
    pair = PairEvidence("rag", "tuned", by_tests(-0.3, 0.001), by_votes(40, 5, 0.7, 0.97))
    said = recommend(evidence(pair))
    assert (said.certainty, said.next_step.action) == ("contested", "errors")
    assert said.disagreements[0].startswith(
        "The tests prefer the tuned model, the blind voters RAG"
    )


def test_both_together_win_when_they_beat_each() -> None:
    said = recommend(
        evidence(
            PairEvidence("tuned+rag", "rag", *FOR_FIRST),
            PairEvidence("tuned+rag", "tuned", *FOR_FIRST),
            PairEvidence("rag", "tuned", SILENT_TEST, None),
            kinds=("base", "rag", "tuned", "tuned+rag"),
        )
    )
    assert (said.choice, said.certainty) == ("tuned+rag", "settled")


def test_tuned_with_rag_worse_than_rag_asks_for_context_rows() -> None:
    said = recommend(
        evidence(PairEvidence("rag", "tuned+rag", FOR_FIRST[0]), kinds=("rag", "tuned+rag"))
    )
    assert said.choice == "rag"
    assert said.next_step.action == "context_rows"


def test_base_that_beats_all_is_told() -> None:
    said = recommend(
        evidence(
            PairEvidence("base", "rag", *FOR_FIRST),
            PairEvidence("base", "tuned", *FOR_FIRST),
            PairEvidence("rag", "tuned", SILENT_TEST),
            kinds=("base", "rag", "tuned"),
        )
    )
    assert said.choice == "base"
    assert said.sentence.startswith("Use none of them yet")
    assert said.next_step.action == "errors"


def test_a_contender_that_base_beats_gives_way_to_one_that_it_does_not() -> None:
    said = recommend(
        evidence(
            PairEvidence("base", "rag", *FOR_FIRST),
            PairEvidence("tuned", "base", *FOR_FIRST),
            PairEvidence("rag", "tuned", SILENT_TEST),
            kinds=("base", "rag", "tuned"),
        )
    )
    assert said.choice == "tuned"
    assert "base model alone" not in said.sentence


def test_all_that_base_beats_are_named() -> None:
    said = recommend(
        evidence(
            PairEvidence("base", "rag", *FOR_FIRST),
            PairEvidence("base", "tuned", *FOR_FIRST),
            PairEvidence("rag", "tuned", SILENT_TEST),
            kinds=("base", "rag", "tuned"),
        )
    )
    assert "better than RAG and the tuned model" in said.sentence
    assert len(said.reasons) == 2


def test_evidence_of_earlier_versions_settles_nothing() -> None:
    held = replace(evidence(PairEvidence("rag", "tuned", *FOR_FIRST)), outdated=("tuned",))
    said = recommend(held)
    assert (said.choice, said.certainty, said.next_step.action) == ("rag", "likely", "evaluate")
    assert "not all of them are of what is in use" in said.sentence
    assert "Evaluate the tuned model again" in said.next_step.sentence


def test_a_candidate_that_never_met_the_choice_keeps_it_from_being_settled() -> None:
    said = recommend(
        evidence(
            PairEvidence("rag", "tuned", *FOR_FIRST),
            PairEvidence("tuned", "tuned+rag", *FOR_FIRST),
            kinds=("rag", "tuned", "tuned+rag"),
        )
    )
    assert (said.choice, said.certainty) == ("rag", "likely")


def test_votes_that_decided_are_not_asked_for_again() -> None:
    decided = replace(FOR_FIRST[1], votes_needed=0)
    said = recommend(evidence(PairEvidence("rag", "tuned", SILENT_TEST, decided)))
    assert said.next_step.sentence.startswith("About 300 more test questions")


def test_an_interval_without_width_is_not_shown() -> None:
    swept = QualityDifference(1.0, 1.0, 1.0, 0.0625, 5, 6)
    said = recommend(evidence(PairEvidence("rag", "tuned", swept)))
    assert said.reasons == (
        "Against the tuned model: +100 points of test questions answered rightly (p = .06, "
        "5 questions).",
    )


def test_one_measured_contender_is_not_called_unmeasured() -> None:
    said = recommend(Evidence((contender("rag"),), (), 0, True, True))
    assert said.sentence.startswith("Only RAG was measured so far")


def test_a_circle_is_open() -> None:
    said = recommend(
        evidence(
            PairEvidence("rag", "tuned", FOR_FIRST[0]),
            PairEvidence("tuned", "tuned+rag", FOR_FIRST[0]),
            PairEvidence("tuned+rag", "rag", FOR_FIRST[0]),
            kinds=("rag", "tuned", "tuned+rag"),
        )
    )
    assert said.certainty == "open"


@pytest.mark.parametrize(
    ("changes", "action", "words"),
    [
        ({"has_documents": False}, "add_documents", "nothing to compare"),
        ({"has_run": False}, "train", "no tuned model"),
        ({"unused_questions": 65}, "evaluate", "Nothing was measured"),
        ({}, "vote", "Nothing was measured"),
    ],
)
def test_without_measurements_the_first_step_is_named(
    changes: dict[str, object], action: str, words: str
) -> None:
    nothing = Evidence((), (), 0, True, True)
    said = recommend(replace(nothing, **changes))  # type: ignore[arg-type]
    assert (said.choice, said.certainty, said.next_step.action) == (None, "unknown", action)
    assert words in said.sentence


def test_one_candidate_alone_is_no_comparison() -> None:
    pair = PairEvidence("rag", "base", *FOR_FIRST)
    said = recommend(replace(evidence(pair, kinds=("base", "rag")), has_run=False))
    assert said.certainty == "open"
    assert said.sentence.startswith("Only RAG was measured")
    assert said.next_step.action == "train"


def test_questions_not_asked_yet_come_before_peoples_time() -> None:
    pair = PairEvidence("rag", "tuned", SILENT_TEST, SILENT_VOTE)
    said = recommend(replace(evidence(pair), unused_questions=81))
    assert said.next_step.action == "evaluate"
    assert "81 more test questions" in said.next_step.sentence


def test_more_questions_where_no_votes_can_be_counted() -> None:
    said = recommend(evidence(PairEvidence("rag", "tuned", SILENT_TEST)))
    assert said.next_step.sentence.startswith("About 300 more test questions")


def test_a_weak_winner_asks_for_more() -> None:
    weak = Evidence(
        (contender("rag", 0.3), contender("tuned", 0.1)),
        (PairEvidence("rag", "tuned", *FOR_FIRST),),
        0,
        True,
        True,
    )
    assert recommend(weak).next_step.action == "more_data"


def test_stale_examples_come_first() -> None:
    pair = PairEvidence("rag", "tuned", *FOR_FIRST)
    said = recommend(replace(evidence(pair), stale_examples=41))
    assert "41 trained examples with them" in said.next_step.sentence


@pytest.mark.parametrize(
    ("p_value", "words"),
    [(0.0, "p < .001"), (0.0042, "p = .004"), (0.03, "p = .03"), (0.5, "p = .50"), (1.0, "p = 1")],
)
def test_p_values_in_words(p_value: float, words: str) -> None:
    assert p_words(p_value) == words
