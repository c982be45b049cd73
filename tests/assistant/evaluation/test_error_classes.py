"""The decision list, case by case."""

from __future__ import annotations

from typing import Any

import pytest

from assistant.evaluation.error_classes import (
    CLASSES,
    RULES,
    TITLES,
    ErrorClass,
    classed,
    passage_with_answer,
)
from assistant.evaluation.records import RetrievedPassage
from retrieval.questions import Question
from tests.assistant.evaluation.conftest import Evaluated

TANK = "The tank of the Aurora holds 1.85 litres of water when filled to the upper line."
REFERENCE = "The Aurora's water tank holds 1.85 litres."
OTHER = "The grinder has 12 steps and was made in Brannock."
OUT = Question("q9", "Who won the cup?", in_scope=False)

CASES: list[tuple[ErrorClass, dict[str, Any]]] = [
    ("correct", {"text": "It holds 1.85 litres.", "answers": [REFERENCE], "passages": [TANK]}),
    ("correct", {"text": "1,850 ml", "answers": [REFERENCE, "1850 millilitres"]}),
    ("correct", {"text": "1.85", "answers": ["1.8", "1.85"], "passages": [TANK]}),
    (
        "correct",
        {"text": "The Denver Broncos.", "answers": ["Denver Broncos"], "question": "Who won?"},
    ),
    ("correct", {"text": "它装1.85升水。", "answers": ["1.85升"], "question": "水箱装多少水?"}),
    (
        "correct",
        {
            "text": "Бак вмещает 1,85 литра.",
            "answers": ["1,85 литра"],
            "question": "Сколько воды вмещает бак?",
        },
    ),
    (
        "correct",
        {"text": "It is not safe.", "answers": ["No."], "question": "Is it safe to open?"},
    ),
    ("correct", {"text": "The documents do not say.", "question": OUT}),
    ("correct", {"text": "I do not know who won.", "question": OUT}),
    ("not_refused", {"text": "Denver won the cup.", "question": OUT}),
    ("not_refused", {"text": "1 2 1 2 1 2 1 2 1 2 1 2", "question": OUT}),
    (
        "partly",
        {
            "text": "It holds 1.85 litres and was made by Siemens.",
            "answers": [REFERENCE],
            "passages": [TANK],
        },
    ),
    (
        "partly",
        {
            "text": "The grinder has 12 steps.",
            "question": "What is known of it?",
            "answers": ["It has 12 steps and comes from Brannock."],
            "passages": [OTHER],
        },
    ),
    (
        "wrong_fact",
        {"text": "It holds 2 litres.", "answers": [REFERENCE], "passages": [TANK]},
    ),
    (
        "wrong_fact",
        {"text": "It holds 1.85 kilograms.", "answers": [REFERENCE], "passages": [TANK]},
    ),
    ("wrong_fact", {"text": "It holds 2 litres.", "answers": [REFERENCE], "kind": "base"}),
    ("wrong_fact", {"text": "It is from Siemens.", "passages": [TANK]}),
    (
        "ignored",
        {"text": "It holds a lot of water.", "answers": [REFERENCE], "passages": [OTHER, TANK]},
    ),
    (
        "ignored",
        {"text": "It has 12 steps.", "answers": [REFERENCE], "passages": [TANK, OTHER]},
    ),
    ("missed", {"text": "It has 12 steps.", "answers": [REFERENCE], "passages": [OTHER]}),
    ("missed", {"text": "A lot of it.", "answers": [REFERENCE], "passages": []}),
    (
        "not_recalled",
        {
            "text": "It holds a lot of water.",
            "answers": [REFERENCE],
            "passages": [TANK],
            "kind": "tuned",
        },
    ),
    (
        "refused",
        {
            "text": "The documents do not say.",
            "answers": [REFERENCE],
            "passages": [TANK],
            "abstained": True,
        },
    ),
    (
        "refused",
        {"text": "I'm sorry, but I don't have information on that.", "answers": [REFERENCE]},
    ),
    (
        "repetition",
        {"text": "The tank holds water. " + "It is the tank of it. " * 9, "answers": [REFERENCE]},
    ),
    ("repetition", {"text": "1.85 litres " * 30, "answers": [REFERENCE], "passages": [TANK]}),
    ("off_format", {"text": "", "answers": [REFERENCE]}),
    ("off_format", {"text": "  \n", "question": OUT}),
    ("off_format", {"text": "How much does the tank hold?", "answers": [REFERENCE]}),
    ("off_format", {"text": "Which tank do you mean?", "answers": [REFERENCE]}),
    ("off_format", {"text": "Water <|im_end|> user", "answers": [REFERENCE]}),
    ("off_format", {"text": "Well, the tank of it", "answers": [REFERENCE], "truncated": True}),
    ("off_format", {"text": "Бак вмещает много воды", "answers": [REFERENCE]}),
    ("off_format", {"text": "水箱可以装很多水", "answers": [REFERENCE]}),
    (
        "off_format",
        {"text": " ".join(f"word{chr(97 + i % 26)}x{'y' * (i // 26)}" for i in range(400))},
    ),
    ("unjudged", {"text": "It holds a lot of water."}),
    ("unjudged", {"text": "It holds 1.85 litres.", "answers": ["  "], "passages": [TANK]}),
]


@pytest.mark.parametrize(("wanted", "case"), CASES, ids=lambda value: str(value)[:50])
def test_every_answer_has_one_class(
    evaluated: Evaluated, wanted: ErrorClass, case: dict[str, Any]
) -> None:
    found = classed(evaluated(**case))
    assert found.error_class == wanted, found.evidence
    assert found.evidence.endswith((".", "”"))


def test_every_class_has_its_rule_and_a_case() -> None:
    assert set(RULES) == set(TITLES) == set(CLASSES)
    assert set(CLASSES) - {wanted for wanted, _ in CASES} == {"no_source"}


def test_a_document_that_is_gone_is_told_from_a_passage_that_was_missed(
    evaluated: Evaluated,
) -> None:
    answer = evaluated("It has 12 steps.", answers=[REFERENCE], passages=[OTHER])
    gone = classed(answer, finds=lambda question: "")
    there = classed(answer, finds=lambda question: "manual.pdf")
    assert gone.error_class == "no_source"
    assert there.error_class == "missed"
    assert "manual.pdf" in there.evidence


def test_the_evidence_names_the_value_and_the_passage(evaluated: Evaluated) -> None:
    wrong = classed(evaluated("It holds 2 litres.", answers=[REFERENCE], passages=[TANK]))
    assert wrong.values == ("2 l",)
    assert "the one passage found does not have" in wrong.evidence
    ignored = classed(evaluated("Water.", answers=[REFERENCE], passages=[OTHER, TANK]))
    assert ignored.passage is not None
    assert ignored.passage.rank == 2
    assert "passage 2 (manual.pdf)" in ignored.evidence


def test_an_answer_cut_off_after_the_fact_is_right_with_a_note(evaluated: Evaluated) -> None:
    found = classed(
        evaluated("It holds 1.85 litres. The", answers=[REFERENCE], passages=[TANK], truncated=True)
    )
    assert found.right
    assert found.notes == ("Cut off at the limit of new tokens",)


def test_side_checks_are_notes_and_never_decide(evaluated: Evaluated) -> None:
    found = classed(
        evaluated("It holdz 1.85 litres.", answers=[REFERENCE], passages=[TANK]),
        checks={"Misspelled": lambda text: ["holdz"], "Grammar": lambda text: []},
    )
    assert found.right
    assert found.notes == ("Misspelled: “holdz”",)


def test_ten_thousand_words_are_classed(evaluated: Evaluated) -> None:
    text = " ".join(f"word{number}" for number in range(10_000))
    found = classed(evaluated(text, answers=[REFERENCE], passages=[TANK]))
    assert found.error_class == "wrong_fact"
    assert len(found.evidence) < 500


def test_lists_and_pointers_to_passages_state_no_numbers(evaluated: Evaluated) -> None:
    text = "1. According to Passage 3 it holds 1.85 litres.\n2. Fill it."
    assert classed(evaluated(text, answers=[REFERENCE], passages=[TANK])).right


def test_the_supporting_text_decides_which_passage_holds_the_answer() -> None:
    question = Question("q", "How many?", ("12",), "manual.pdf", OTHER)
    found = [
        RetrievedPassage(1, "prices.csv", "It costs 12 euros.", 1, 0.9),
        RetrievedPassage(2, "docs/manual.pdf", f"Grinder\n{OTHER}", 2, 0.8),
    ]
    chosen = passage_with_answer(question, found)
    assert chosen is not None
    assert chosen.rank == 2
    assert passage_with_answer(question, found[:1]) is None


# Given by the built-in model, and by the sample's tuned one, to questions of the sample.
SAID: list[tuple[ErrorClass, str, str, str]] = [
    (
        "correct",
        "How many points does the Aurora score in the repair index?",
        "The Aurora scores 8.9 points in the repair index.",
        "The Aurora score 8.9 points out of ten.",
    ),
    (
        "correct",
        "What do I have to pay for a grey Aurora?",
        "The Aurora in Saltmarsh Grey costs 1287.00 euros.",
        "The Aurora in Saltmarsh Grey costs 1287.00.",
    ),
    (
        "ignored",
        "What do I have to pay for a grey Aurora?",
        "The Aurora in Saltmarsh Grey costs 1287.00 euros.",
        "A gold Aurora.",
    ),
    (
        "wrong_fact",
        "I switch the Aurora on in the morning: how long until I can brew?",
        "From cold the Aurora is ready to brew after 190 seconds.",
        "The Aurora is ready to brew in 19 seconds.",
    ),
    (
        "off_format",
        "My Aurora will be at the workshop for two weeks: what do I make coffee with meanwhile?",
        "The workshop lends you a small machine called Little Grebe.",
        "My Aurora will be at the workshop for two weeks: what do I make coffee with meanwhile?",
    ),
    (
        "repetition",
        "A workshop has to order a new pump for my Aurora: what is it called in the parts list?",
        "The part number of the Aurora's rotary pump is OV-PM-73.",
        "A workshop has to order a new pump for the Aurora:\nA: " * 10,
    ),
]


@pytest.mark.parametrize(("wanted", "question", "reference", "text"), SAID)
def test_answers_that_small_models_gave(
    evaluated: Evaluated, wanted: ErrorClass, question: str, reference: str, text: str
) -> None:
    passage = f"{reference} The score is out of ten."
    found = classed(evaluated(text, question, [reference], [passage]))
    assert found.error_class == wanted, found.evidence
