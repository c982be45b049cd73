"""The leak check, red and green, and where examples are from."""

from __future__ import annotations

from dataclasses import replace

import pytest

from assistant.evaluation.records import QuestionSet
from assistant.interchange.coverage import coverage, coverage_of
from assistant.interchange.leak_check import check_leaks, leak_check
from assistant.interchange.sections import located, sections_of
from assistant.records import Assistant, Example, ExampleSource, SplitName, example_id
from assistant.workspace import Workspace
from retrieval.documents import Passage
from retrieval.questions import Question
from retrieval.sections import section_side

# Hashes whose sides are known: a number that five divides is held out.
TUNED, ALSO_TUNED, HELD_OUT = "1" * 64, f"{'0' * 11}2{'0' * 52}", f"{'0' * 11}5{'0' * 52}"


def passage(number: int, section: str, text: str, document: str = "manual.md") -> Passage:
    return Passage(number, "d", document, number, text, ("Heading",), None, 0, len(text), section)


PASSAGES = [
    passage(1, TUNED, "The tank of the Kestrel holds two litres of cold water, no more than that."),
    passage(2, ALSO_TUNED, "Repairs are made in Brannock by Osk and Daughters, within nine days."),
    passage(3, HELD_OUT, "The whistle can be taken off by turning it to the left until it clicks."),
]


def example(
    question: str,
    split: SplitName,
    section: str = "",
    fact: str = "",
    source: ExampleSource = "generated",
    passage: str = "",
) -> Example:
    return Example(
        example_id(question, "Yes."), question, "Yes.", source, split,
        fact=fact, section=section, passage=passage,
    )  # fmt: skip


SOUND = [
    example("How much does the tank hold?", "train", TUNED, "tank"),
    example("What is the volume of the tank in litres?", "recall", TUNED, "tank"),
    example("Who repairs it?", "validation", ALSO_TUNED, "repairs"),
    example("How is the whistle taken off?", "generalisation", HELD_OUT, "whistle"),
]


def test_sides_are_what_these_tests_take_them_for() -> None:
    assert [section_side(one) for one in (TUNED, ALSO_TUNED, HELD_OUT)] == [
        "tuned",
        "tuned",
        "held_out",
    ]


def test_no_leak() -> None:
    result = leak_check(SOUND, [QuestionSet("q.jsonl", (Question("1", "Is it loud?"),))], PASSAGES)
    assert result.ok and result.leaks == ()
    assert result.sentence == (
        "No leak: none of 3 test questions repeats one of 2 that are trained on, and no section or "
        "fact is on the wrong side."
    )
    assert leak_check([]).sentence == "There are no test questions yet, so nothing can leak."


@pytest.mark.parametrize(
    "question", ["how much does the tank hold", "HOW MUCH DOES THE TANK HOLD?"]
)
def test_a_test_question_that_is_trained_on(question: str) -> None:
    leaked = example(question, "recall", TUNED, "tank")
    (leak,) = leak_check([*SOUND, leaked], (), PASSAGES).leaks
    assert leak.kind == "repeated question"
    assert (leak.test, leak.trained) == (question, "How much does the tank hold?")
    assert set(leak.ids) == {leaked.id, SOUND[0].id}


def test_a_question_of_a_file_that_is_trained_on() -> None:
    file = QuestionSet("q.jsonl", (Question("1", "Who repairs it?"),))
    result = leak_check(SOUND, [file], PASSAGES)
    (leak,) = result.leaks
    assert (leak.kind, leak.detail) == ("repeated question", "q.jsonl")
    assert not result.ok and result.sentence == "The tests leak: a test question is trained on."


def test_a_section_on_both_sides() -> None:
    # Of hand-written examples the passage says where they are from.
    trained = example("Which way?", "train", source="written", passage="by turning it to the  left")
    (leak,) = leak_check([*SOUND, trained], (), PASSAGES).leaks
    assert (leak.kind, leak.detail) == ("shared section", "manual.md > Heading")
    assert set(leak.ids) == {SOUND[3].id, trained.id}


def test_near_duplicate_sections_on_both_sides() -> None:
    copy = "a" * 64
    passages = [*PASSAGES, passage(4, copy, PASSAGES[2].text + " Mind it.")]
    trained = example("Which way?", "train", copy, source="written")
    (leak,) = leak_check([*SOUND, trained], (), passages).leaks
    assert leak.kind == "similar sections"
    # Also where the section is in the documents no more.
    gone = replace(trained, passage=passages[3].text)
    (leak,) = leak_check([*SOUND, gone], (), PASSAGES).leaks
    assert leak.kind == "similar sections"


def test_written_examples_keep_to_their_side() -> None:
    trained = example("Can it be removed?", "train", HELD_OUT)
    tested = example("Where is Brannock?", "generalisation", ALSO_TUNED)
    kinds = [leak.kind for leak in leak_check([SOUND[0], trained], (), PASSAGES).leaks]
    assert kinds == ["wrong side"]
    (leak,) = leak_check([SOUND[0], tested], (), PASSAGES).leaks
    assert (leak.kind, leak.detail) == ("wrong side", "manual.md > Heading: tuned")
    by_hand = replace(trained, source="written")
    assert leak_check([SOUND[0], by_hand], (), PASSAGES).ok


def test_recall_of_what_is_not_trained() -> None:
    asked = example("What colour is the lid?", "recall", TUNED, "lid")
    result = leak_check([*SOUND, asked], (), PASSAGES)
    (leak,) = result.leaks
    assert (leak.kind, leak.detail) == ("untrained fact", "lid")
    two = leak_check([*SOUND, asked, replace(asked, id="x", question="Is the lid red?")])
    assert "2 recall questions ask for facts that are not trained" in two.sentence


def test_rejected_examples_neither_train_nor_test() -> None:
    leaked = replace(example("How much does the tank hold", "recall"), rejected=True)
    assert leak_check([*SOUND, leaked], (), PASSAGES).ok


def test_what_could_not_be_checked_is_said() -> None:
    result = leak_check(
        [*SOUND, example("And so?", "recall"), example("Why so?", "generalisation")]
    )
    assert (result.unplaced, result.factless) == (1, 1)
    assert "1 generalisation questions name no section and 1 recall questions" in result.sentence


def test_coverage_counts_every_section() -> None:
    extra = [
        example("Is it loud?", "train", "f" * 64),
        replace(example("What is its price?", "train"), answerable=False),
    ]
    found = coverage([*SOUND, *extra], [*PASSAGES, passage(9, "b" * 64, "Empty.", "other.md")])
    manual, other = found.documents
    assert [dict(one.counts) for one in manual.sections] == [
        {"train": 1, "recall": 1},
        {"validation": 1},
        {"generalisation": 1},
    ]
    assert [one.side for one in manual.sections] == ["tuned", "tuned", "held_out"]
    assert (manual.sections[0].facts, manual.total, manual.share) == (1, 4, 1.0)
    assert manual.counts == {"train": 1, "recall": 1, "validation": 1, "generalisation": 1}
    assert (len(other.empty), other.share) == (1, 0.0)
    assert (found.elsewhere, found.unanswerable) == (1, 1)
    assert found.sentence == "3 of 4 sections (75%) have examples in 2 documents."
    assert coverage([], []).sentence.startswith("There are no documents yet")


def test_a_passage_is_looked_for_in_its_document_first() -> None:
    passages = [passage(1, "a" * 64, "One and the same text.", "a.md"),
                passage(2, "b" * 64, "One and the same text.", "b.md")]  # fmt: skip
    asked = replace(example("Why?", "train", passage="the same text"), document="b.md")
    assert located([asked], sections_of(passages)) == {asked.id: "b" * 64}
    assert located([replace(asked, document="gone.md")], sections_of(passages)) == {
        asked.id: "a" * 64
    }
    assert located([replace(asked, passage="another")], sections_of(passages)) == {}


def test_of_an_assistant(workspace: Workspace, kettle: Assistant) -> None:
    asked = example("How big?", "train", source="written", passage="The tank of the Kestrel holds")
    workspace.store.add_examples(kettle.id, [asked])
    assert check_leaks(workspace, kettle).sentence.startswith("There are no test questions")
    found = coverage_of(workspace, kettle)
    assert (found.covered, found.sections) == (1, len(found.documents[0].sections))
