"""Examples written by rule keep the tests sound, whatever the assistant has already."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from assistant import example_review as review
from assistant.evaluation.held_out import without_test_questions
from assistant.interchange.checks import check_assistant
from assistant.interchange.leak_check import check_leaks
from assistant.interchange.masking import mask_stored
from assistant.records import Assistant, Example, Profile, SplitName
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


def test_an_answer_that_was_edited_is_not_contradicted_by_writing_again(
    workspace: Workspace, kettle: Assistant
) -> None:
    workspace.write_examples(kettle)
    before = workspace.store.examples(kettle.id)
    one = next(e for e in before if e.split == "train" and "1.85" in e.answer)
    wording = review.Wording(one.question, "It is 1.8 litres.", document=one.document)
    review.edit(workspace.store, kettle.id, one.id, wording)
    assert workspace.write_examples(kettle).added == 0
    same = [e for e in workspace.store.examples(kettle.id) if e.question == one.question]
    assert [e.answer for e in same] == ["It is 1.8 litres."]


def test_masked_personal_data_does_not_come_back(
    workspace: Workspace, kettle: Assistant, tmp_path: Path
) -> None:
    contact = tmp_path / "contact.md"
    contact.write_text("# Service\n\nThe e-mail address of the service is osk@kestrel.example.\n")
    workspace.corpus(kettle).add([contact])
    workspace.write_examples(kettle)
    assert mask_stored(workspace.store, kettle.id)
    workspace.write_examples(kettle)
    assert not [e for e in workspace.store.examples(kettle.id) if "osk@" in e.question + e.answer]


def test_a_rejected_test_question_keeps_nothing_from_being_trained() -> None:
    gone = replace(example("How big is the tank?", "recall"), rejected=True)
    new = [example("How big is the tank", "train")]
    assert without_test_questions(new, [gone], []) == new
    assert without_test_questions(new, [replace(gone, rejected=False)], []) == []


def test_an_edited_question_of_a_refused_subject_stays(
    workspace: Workspace, kettle: Assistant
) -> None:
    asked = workspace.update(kettle, profile=Profile(refusals=("gossip",)))
    workspace.write_examples(asked)
    examples = workspace.store.examples(kettle.id)
    one = next(e for e in examples if "gossip" in e.question and e.split == "train")
    wording = review.Wording("What do people whisper about?", one.answer, answerable=False)
    review.edit(workspace.store, kettle.id, one.id, wording)
    workspace.write_examples(workspace.update(asked, profile=Profile()))
    kept = [e.question for e in workspace.store.examples(kettle.id)]
    assert "What do people whisper about?" in kept
    assert not any("gossip" in question for question in kept)
