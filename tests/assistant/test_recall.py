"""Fact recall: every value of the reference, no rival value."""

from __future__ import annotations

import pytest

from assistant.recall import fact_recalled, values

TANK = "The Aurora's water tank holds 1.85 litres."
ASKED = "How much water fits into the Aurora?"


@pytest.mark.parametrize(
    "answer",
    [
        TANK,
        "1.85 litres",
        "It holds 1,85 l of water.",
        "It holds 1.850 liters.",
        "The tank takes 1.85.",
        "It holds 1.85litres.",
    ],
)
def test_the_same_figure_in_other_dress(answer: str) -> None:
    assert fact_recalled(answer, TANK, ASKED)


@pytest.mark.parametrize(
    "answer", ["", "It holds water.", "It holds 1.8 litres.", "It holds 18.5 litres.", "1.85 kg"]
)
def test_another_figure_or_unit(answer: str) -> None:
    assert not fact_recalled(answer, TANK, ASKED)


def test_all_numbers_are_needed() -> None:
    reference = "Descale with 40 g of salt in 2 litres of water."
    assert fact_recalled("40 g in two litres.", reference, "How do I descale?")
    assert not fact_recalled("Use 40 g.", reference, "How do I descale?")


def test_all_names_are_needed_wherever_they_stand() -> None:
    reference = "The firm is led by Ottoline Marsh."
    assert fact_recalled("Ottoline Marsh leads it.", reference, "Who leads the firm?")
    assert not fact_recalled("Ottoline leads it.", reference, "Who leads the firm?")
    assert not fact_recalled("Perrin Oake leads it.", reference, "Who leads the firm?")


def test_what_the_question_gives_away_is_not_needed() -> None:
    reference = "K47 of the Aurora means that the fuse has tripped at 151 °C."
    assert fact_recalled("It trips at 151 °C.", reference, "What does K47 of the Aurora mean?")


@pytest.mark.parametrize(
    ("question", "reference", "right", "wrong"),
    [
        ("Is it 5 or 7 litres?", "7 litres", "It is 7 litres.", "5 litres"),
        ("Is the tank or the lid made of steel?", "The tank.", "the tank", "The lid."),
        ("Is it Oslo or Bergen?", "Bergen", "Bergen, since 1995.", "Oslo"),
        ("Is it?", "It is.", "Yes, it is.", "It may be."),
    ],
)
def test_a_choice_that_the_question_offers_must_be_made(
    question: str, reference: str, right: str, wrong: str
) -> None:
    assert fact_recalled(right, reference, question)
    assert not fact_recalled(wrong, reference, question)
    assert not fact_recalled("", reference, question)


def test_a_reference_without_words_is_not_recalled_by_anything() -> None:
    assert not fact_recalled("Nothing.", "?", "What does it say?")


def test_a_rival_number_refutes_only_where_numbers_are_asked_for() -> None:
    rivals = ["Descaling takes 47 minutes."]
    assert not fact_recalled("It holds 1.85 litres, or 47.", TANK, ASKED, rivals)
    assert fact_recalled("It holds 1.85 litres, or 48.", TANK, ASKED, rivals)
    name = "The director is Ottoline Marsh."
    assert fact_recalled("For 47 years, Ottoline Marsh.", name, "Who is the director?", rivals)


def test_a_rival_name_refutes_unless_reference_or_question_has_it() -> None:
    reference, question = "The director is Ottoline Marsh.", "Who is the director of Ottervane?"
    rivals = ["The help line is run by Perrin Oake of Ottervane."]
    assert not fact_recalled("Ottoline Marsh or Perrin Oake.", reference, question, rivals)
    assert fact_recalled("Ottoline Marsh of Ottervane.", reference, question, rivals)


def test_a_reference_without_values_needs_its_own_words() -> None:
    reference, question = "The jacket is made of wool felt.", "What is the jacket made of?"
    assert fact_recalled("It is wool felt.", reference, question)
    assert not fact_recalled("It is cotton felt.", reference, question)


@pytest.mark.parametrize(
    ("text", "quantities"),
    [
        ("1,250 euros", {("1250", "eur")}),
        ("€1250", {("1250", "eur")}),
        ("twenty-five minutes", {("25", "min")}),
        ("eighty litres", {("80", "l")}),
        ("one of them", set()),
        ("one week", {("1", "week")}),
        ("at 10:30", {("10:30", "")}),
        ("code K47", set()),
    ],
)
def test_quantities(text: str, quantities: set[tuple[str, str]]) -> None:
    assert values(text).quantities == quantities


def test_names() -> None:
    assert values("Yesterday Brida Ottervane used K47 and AquaLoop.").names == {
        "brida",
        "ottervane",
        "k47",
        "aqualoop",
        "yesterday",
    }
    assert values("Prices rise. The tank holds 8kW.").names == frozenset()
