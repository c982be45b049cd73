"""Follow-ups take what they lean on from the conversation; a change of topic takes nothing."""

from __future__ import annotations

import pytest

from assistant.facts import words
from assistant.follow_ups import points_back, search_plan
from assistant.prompts import NOT_IN_DOCUMENTS, PastTurn

TANK = PastTurn(
    "How many litres does the tank of the Aurora hold?", "The tank holds 1.85 litres of water."
)
DESCALE = PastTurn("How often must I descale the boiler?", "Descale it every 60 days.")
REPAIR = PastTurn("Who repairs the Kestrel?", "Repairs are made by Osk & Daughters in Brannock.")
TYRES = PastTurn("Which pressure do the tyres need in summer?", "They need 2.4 bar in summer.")


@pytest.mark.parametrize(
    ("turn", "question", "carried"),
    [
        (DESCALE, "How long does it take?", ["descale"]),
        (TYRES, "And in winter?", ["pressure", "tyres"]),
        (TYRES, "And how about the spare wheel?", ["pressure", "tyres"]),
        (TANK, "What about the other one?", ["tank"]),
        (TANK, "What is it made of?", ["tank"]),
        (TANK, "Can I put milk in it?", ["tank"]),
        (TANK, "Is that with the lid on?", ["tank"]),
        (REPAIR, "Where are they?", ["Kestrel", "Osk", "Brannock"]),
        (REPAIR, "What are their opening hours?", ["repairs", "Kestrel", "Osk"]),
        (REPAIR, "Do they also sell parts?", ["Kestrel", "Osk"]),
        (DESCALE, "What does that cost?", ["descale"]),
        (DESCALE, "But what if the light stays on?", ["descale"]),
        (DESCALE, "Which of those is cheaper?", ["descale"]),
        (TANK, "And the second one?", ["tank"]),
        (TANK, "Why is this so?", ["tank"]),
    ],
)
def test_what_leans_on_the_conversation_is_condensed_with_it(
    turn: PastTurn, question: str, carried: list[str]
) -> None:
    plan = search_plan(question, [turn])
    assert plan.query.startswith(turn.question) and plan.query.endswith(question)
    assert set(carried) <= set(words(plan.query))


@pytest.mark.parametrize(
    "question", ["Why?", "How much?", "Since when?", "In gallons?", "Colours?"]
)
def test_what_says_too_little_is_first_searched_as_it_stands(question: str) -> None:
    plan = search_plan(question, [TANK])
    assert plan.query == question
    assert plan.fallback == f"{TANK.question} {question}"
    assert plan.own_words is (question in ("In gallons?", "Colours?"))


@pytest.mark.parametrize(
    "question",
    [
        "How long is the warranty of the Kestrel?",
        "Who invented the espresso machine?",
        "Which phone should I buy?",
        "My screen is black, what now?",
        "How do I clean the lid before I put it back?",
        "When the pump is loud, is it broken?",
        "Is it safe to leave the machine on overnight?",
        "Is it true that milk damages the boiler?",
        "What time is it?",
        "Is there a warranty on the gasket?",
        "What happens when the pump of the Kestrel overheats?",
        "Which parts does the Kestrel share with its predecessor?",
        "Write me a poem about love",
        "What is the best pizza in Rome?",
        "How do I reset the password of my router?",
    ],
)
def test_a_change_of_topic_is_not_condensed(question: str) -> None:
    assert search_plan(question, [TANK, DESCALE]).query == question
    assert search_plan(question, [TANK, DESCALE]).fallback == ""


@pytest.mark.parametrize(
    "question",
    [
        "Hello",
        "Thank you",
        "Thanks a lot, that helped",
        "ok",
        "Great, thanks!",
        "Who are you?",
        "How are you?",
        "What can you do?",
        "Yes",
        "Good night",
        "Thanks for that",
    ],
)
def test_small_talk_is_never_about_a_document(question: str) -> None:
    plan = search_plan(question, [TANK])
    assert (plan.query, plan.fallback) == (question, "")


def test_without_a_conversation_nothing_changes() -> None:
    assert search_plan("How long does it take?", []).query == "How long does it take?"


def test_a_chain_of_follow_ups_keeps_its_subject() -> None:
    history = [
        TANK,
        DESCALE,
        PastTurn("How long does it take?", "About 20 minutes."),
        PastTurn("And with hard water?", "Then 40 minutes."),
    ]
    # the question about the boiler stood by itself, so that the tank is left behind
    assert search_plan("Does it beep?", history).query == (
        "How often must I descale the boiler? hard water Does it beep?"
    )


def test_small_talk_between_does_not_end_the_subject() -> None:
    history = [DESCALE, PastTurn("Thanks", "You are welcome.")]
    assert "boiler" in search_plan("How long does it take?", history).query


def test_a_refusal_gives_no_names() -> None:
    history = [PastTurn("Who repairs the Kestrel?", NOT_IN_DOCUMENTS)]
    assert (
        search_plan("Where are they?", history).query == "Who repairs the Kestrel? Where are they?"
    )


@pytest.mark.parametrize(
    ("question", "back"),
    [
        ("Where is it?", True),
        ("What about the others?", False),
        ("Which one is better?", True),
        ("Does Maria take her bike?", False),
        ("Can Ottoline lend him the key?", False),
        ("Is that covered?", False),
    ],
)
def test_pronouns(question: str, back: bool) -> None:
    assert points_back(question) is back
