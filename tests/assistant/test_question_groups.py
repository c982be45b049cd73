"""Types and topics of questions."""

from __future__ import annotations

import pytest

from assistant.question_groups import OTHER, TYPES, question_type, topics


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("Who repairs it?", "who"),
        ("When was it made?", "when"),
        ("In which year was it made?", "when"),
        ("How many steps are there?", "how many"),
        ("How long does it take?", "how many"),
        ("What is the capacity of the tank?", "how many"),
        ("Which colour has it?", "which"),
        ("Is it safe?", "yes or no"),
        ("Can you tell me how to descale it?", "how"),
        ("Could you tell me who made it?", "who"),
        ("Why does it beep?", "why"),
        ("Where do I send it?", "where"),
        ("What is E47?", "what"),
        ("Descaling", OTHER),
        ("水箱装多少水?", OTHER),
        ("", OTHER),
    ],
)
def test_type(question: str, wanted: str) -> None:
    assert question_type(question) == wanted
    assert wanted in TYPES


def test_topics_are_words_that_questions_share() -> None:
    asked = [
        "Where is the tank?",
        "How big are the tanks?",
        "Is the grinder loud?",
        "Grinder?",
        "x",
    ]
    assert topics(asked) == ["tank", "tank", "grinder", "grinder", OTHER]


def test_a_word_of_most_questions_is_no_topic() -> None:
    asked = [
        f"What is the {word} of the Aurora?" for word in "tank hose lid lid cable tank".split()
    ]
    found = topics([*asked, "Who made the Aurora hose?"])
    assert "aurora" not in found
    assert found[0] == found[5] == "tank"


def test_no_questions_and_repeats() -> None:
    assert topics([]) == []
    assert topics(["The tank?"] * 50) == [OTHER] * 50
