"""Things with two names are asked for by both."""

from __future__ import annotations

from typing import Literal

from assistant.writing.candidates import WrittenFact
from assistant.writing.other_names import with_other_names
from assistant.writing.rules import written_facts
from assistant.writing.selection import FoundFact
from retrieval.documents import Passage

CALLED = "The descaling programme is called Tidewash."
TAKES = "The descaling programme takes 47 minutes."


def found(
    text: str, place: int = 0, side: Literal["tuned", "held_out"] = "tuned"
) -> list[FoundFact]:
    passage = Passage(place, "d", "manual.md", place, text, ("Manual",), None, 0, 1, f"s{place}")
    return [FoundFact(fact, passage, side) for fact in written_facts(passage, False)]


def told(facts: list[FoundFact], main: str = "", method: str = "figure") -> list[WrittenFact]:
    return [one.fact for one in with_other_names(facts, main) if one.fact.method == method]


def test_a_thing_is_asked_for_by_its_name_behind_the_plainest_wording() -> None:
    (fact,) = told([*found(CALLED), *found(TAKES, 1)])
    assert fact.wordings[:2] == (
        "How many minutes does the descaling programme take?",
        "How many minutes does Tidewash take?",
    )
    assert fact.answer == TAKES


def test_a_name_is_asked_for_by_what_it_is() -> None:
    (fact,) = told([*found(CALLED), *found("Tidewash takes 47 minutes.", 1)])
    assert fact.wordings[1] == "How many minutes does the descaling programme take?"


def test_what_tells_the_name_stays_as_it_was() -> None:
    facts = found(CALLED)
    assert [one.fact for one in facts] == [one.fact for one in with_other_names(facts, "")]


def test_a_name_of_a_held_out_section_is_not_used() -> None:
    facts = [*found(CALLED, 0, "held_out"), *found(TAKES, 1)]
    assert not any("Tidewash" in wording for fact in told(facts) for wording in fact.wordings)


def test_the_main_name_and_a_name_of_two_things_are_no_other_names() -> None:
    facts = [*found(CALLED), *found(TAKES, 1)]
    assert not any("Tidewash" in w for fact in told(facts, "Tidewash") for w in fact.wordings)
    twice = [*facts, *found("The rinse is called Tidewash.", 2)]
    assert not any("Tidewash" in w for fact in told(twice) for w in fact.wordings)
