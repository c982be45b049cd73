"""A document's own word for what it is about gives way to the name."""

from __future__ import annotations

from assistant.writing.rules import written_facts
from assistant.writing.subjects import vocabulary
from retrieval.documents import Passage


def passages(title: str, *texts: str, document: str = "d1") -> list[Passage]:
    return [
        Passage(place, document, f"{document}.md", place, text, (title, "Part"), None, 0, 1, "s")
        for place, text in enumerate(texts)
    ]


def answers(written: list[Passage], of: int = -1) -> set[str]:
    known = vocabulary(written)
    return {fact.answer for fact in written_facts(written[of], False, known)}


def test_a_thing_that_the_document_is_about() -> None:
    found = passages(
        "Harbour Table: terms for offices",
        "Harbour Table is the bundle for offices and small practices.",
        "One machine in the bundle costs 64.80 euros a month.",
    )
    assert answers(found) == {"One machine in Harbour Table costs 64.80 euros a month."}


def test_the_organisation_of_an_account_and_what_belongs_to_it() -> None:
    found = passages(
        "About Brass Kettleworks",
        "The firm was founded in 1957. The works stand in Marrowhythe.",
    )
    assert answers(found) == {
        "Brass Kettleworks was founded in 1957.",
        "The works of Brass Kettleworks stand in Marrowhythe.",
    }


def test_the_evidence_stays_in_the_words_of_the_document() -> None:
    found = passages("About Brass Kettleworks", "The firm was founded in 1957.")
    facts = written_facts(found[0], False, vocabulary(found))
    assert {fact.evidence for fact in facts} == {"The firm was founded in 1957."}


def test_another_document_keeps_its_words() -> None:
    found = [
        *passages("About Brass Kettleworks", "The firm was founded in 1957."),
        *passages("Insurance", "The firm was founded in 1902.", document="d2"),
    ]
    assert answers(found) == {"The firm was founded in 1902."}


def test_a_title_in_common_words_names_nothing() -> None:
    found = passages(
        "About Returns",
        "The company was founded in 1957. All returns are free.",
    )
    assert answers(found) == {"The company was founded in 1957."}


def test_a_description_is_no_name() -> None:
    found = passages(
        "Kestrel manual",
        "Kestrel is the first of our machines.",
        "The first costs 20 euros.",
    )
    assert answers(found) == {"The first costs 20 euros."}


def test_a_sentence_with_the_name_is_left_alone() -> None:
    found = passages("About Brass Kettleworks", "The firm Brass Kettleworks was founded in 1957.")
    assert answers(found) == {"The firm Brass Kettleworks was founded in 1957."}
