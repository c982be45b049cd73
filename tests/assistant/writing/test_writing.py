"""Examples written by rule keep the tests sound, whatever the assistant has already."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.interchange.checks import check_assistant
from assistant.interchange.leak_check import check_leaks
from assistant.records import Assistant, Example, SplitName
from assistant.workspace import Workspace
from assistant.writing.question_writing import examples_by_rule
from assistant.writing.writing import WritingOptions, sound_tests
from retrieval.documents import Passage


def example(question: str, split: SplitName, fact: str = "tank") -> Example:
    return Example(question, question, "It holds 1.85 litres.", "generated", split, fact=fact)


def passage(number: int, text: str, heading: str) -> Passage:
    return Passage(
        id=number,
        document_id="d",
        document="manual.md",
        ordinal=number,
        heading_path=(heading,),
        page=None,
        start=0,
        end=len(text),
        text=text,
        section=f"{number:064x}",
    )


def test_a_test_question_that_is_trained_on_already_is_not_added() -> None:
    known = [example("How much does the tank of the Kestrel hold?", "train")]
    written = [
        example("How much does the tank of the Kestrel hold", "recall"),
        example("Which volume does the tank have?", "recall"),
    ]
    assert sound_tests(written, known) == written[1:]


def test_recall_asks_for_trained_facts_only() -> None:
    written = [
        example("How big is the tank?", "recall", "tank"),
        example("How heavy is the kettle?", "train", "weight"),
        example("What does the kettle weigh?", "recall", "weight"),
        example("How long is the cord?", "generalisation", "cord"),
    ]
    assert sound_tests(written, []) == written[1:]


def test_a_fact_of_both_sides_is_trained_and_no_test_of_generalisation() -> None:
    said = "The tank of the Kestrel holds 1.85 litres."
    passages = [passage(1, said, "Held out"), passage(2, said, "Tuned")]
    sides = {passages[0].section: "held_out", passages[1].section: "tuned"}
    made = examples_by_rule(passages, sides, refusal_share=0.0)  # type: ignore[arg-type]
    figures = [one for one in made.examples if "1.85" in one.answer and one.method == "figure"]
    assert {one.section for one in figures} == {passages[1].section}
    assert "generalisation" not in {one.split for one in figures} and len(figures) > 2


def test_what_is_written_beside_other_examples_leaks_nothing(
    workspace: Workspace, kettle: Assistant
) -> None:
    first = workspace.write_examples(kettle)
    assert first.added and check_leaks(workspace, kettle).ok
    store = workspace.store
    for one in [e for e in store.examples(kettle.id, "recall") if e.answerable]:
        store.delete_examples(kettle.id, [one.id])
        mine = Example(f"own-{one.id}", one.question, "Mine.", "written", "train")
        store.add_examples(kettle.id, [mine])
    workspace.write_examples(kettle)
    assert check_leaks(workspace, kettle).ok, check_leaks(workspace, kettle).sentence


@pytest.mark.slow  # reads the fourteen documents of the sample
@pytest.mark.parametrize("count", [None, 300, 800])
def test_what_is_written_of_the_sample_leaks_nothing(
    workspace: Workspace, count: int | None
) -> None:
    made = workspace.create("Aurora", "Answers about the Aurora")
    sample = Path(__file__).resolve().parents[3] / "datasets" / "aurora" / "documents"
    workspace.corpus(made).add(sorted(sample.iterdir()))
    assert workspace.write_examples(made, WritingOptions(count)).added > 250
    assert check_leaks(workspace, made).ok, check_leaks(workspace, made).sentence
    assert not check_assistant(workspace, made).contradictions
