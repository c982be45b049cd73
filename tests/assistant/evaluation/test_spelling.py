"""What is misspelt, and all that is not."""

from __future__ import annotations

import pytest

from assistant.evaluation.spelling import Misspelling, Spelling

CORPUS = "The AquaLoop descaler feeds the brewhead. Empty the grounds drawer of the Kestrel weekly."


@pytest.fixture(scope="module")
def spelling() -> Spelling:
    return Spelling(CORPUS)


def test_a_misspelt_word_with_its_place_and_a_suggestion(spelling: Spelling) -> None:
    text = "Fill the tank with could watre."
    (found,) = spelling.misspellings(text)
    assert found == Misspelling(25, 30, "watre", "water")
    assert text[found.start : found.end] == found.word


def test_each_word_is_named_once(spelling: Spelling) -> None:
    assert spelling("You recieve it, you recieve it when the machine is definately off.") == [
        "recieve",
        "definately",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "The brewhead and the brewheads are cleaned by descalers.",  # words of the documents
        "Osk and Daughtrs repair it in Brannok.",  # names
        "Code E47x, model kx9000b, 90min, 5 kwh, v2.3beta.",
        "Write to help@auroraa.exmple or see https://aurora.exampel/manul and run `instal`.",
        "The colour of the litre jug, the organisation's centre, an analysed catalogue.",
        "Don't; it isn't, we’ve, the customer's app and wifi.",
        "Le réservoir contient deux litres et demi de liquide froide.",
        "水箱可以装两升水",
        "Резервуар вмещает два литра воды",
        "",
        "!!! 👍 ...",
        "ok it is on",
    ],
)
def test_no_errors(spelling: Spelling, text: str) -> None:
    assert spelling(text) == []


def test_words_of_the_question_are_no_errors(spelling: Spelling) -> None:
    assert spelling.misspellings("The flurb is blue and large.", "What is a flurb?") == []
    assert [one.word for one in spelling.misspellings("The flurb is blue and large.")] == ["flurb"]


def test_without_documents_english_alone_counts() -> None:
    assert Spelling("")("The brewhead of the kettle is clean.") == ["brewhead"]


def test_a_word_that_is_near_nothing_has_no_suggestion(spelling: Spelling) -> None:
    (found,) = spelling.misspellings("Turn the qzxwvk to the left and wait.")
    assert found.suggestion == ""
