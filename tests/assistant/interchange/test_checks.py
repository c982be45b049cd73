"""What is found in examples before they are trained on."""

from __future__ import annotations

import json
from pathlib import Path

from assistant.interchange.checks import check_assistant, check_examples, check_file
from assistant.interchange.lengths import lengths
from assistant.records import Assistant, Example, SplitName, example_id
from assistant.workspace import Workspace


def example(
    question: str, answer: str = "Yes.", fact: str = "", split: SplitName = "train"
) -> Example:
    return Example(example_id(question, answer), question, answer, "imported", split, fact=fact)


def test_copies_and_contradictions(kettle: Assistant, tmp_path: Path) -> None:
    examples = [
        example("How big is the tank of the Kestrel?", "Two litres."),
        example("how big is the tank  of the Kestrel?", "two litres"),
        example("How much water does the tank of the Kestrel hold?", "Two litres."),
        example("How much water does the tank of the big Kestrel hold?", "Three litres."),
        example("How long does the warranty of it last?", fact="warranty"),
        example("How long does the warranty of it last here?", fact="warranty"),
        example("Who made it?", "Osk."),
        example("Who made it?", "Daughters."),
    ]
    report = check_examples(kettle, examples, tmp_path)
    assert [len(group.ids) for group in report.exact] == [2, 2]
    (near,) = report.near  # wordings of one fact are alike on purpose
    assert near.ids == (examples[2].id, examples[3].id)
    assert [group.answers for group in report.contradictions] == [
        ("Osk.", "Daughters."),
        ("Two litres.", "Three litres."),
    ]
    assert report.count == 8


def test_languages_and_personal_data(kettle: Assistant, tmp_path: Path) -> None:
    examples = [
        example("Wie groß ist der Wassertank des Wasserkessels?", "Er fasst zwei Liter Wasser."),
        example("How big is the tank of the kettle, please?", "It holds two litres of water."),
        example("Where can I write to, please?", "Write a letter to help@kestrel.org."),
        example("Why?", "So."),
    ]
    report = check_examples(kettle, examples, tmp_path, {examples[2].id: 7})
    assert {one.code: one.count for one in report.languages} == {"de": 1, "en": 2, None: 1}
    (found,) = report.personal
    assert (found.line, found.field, found.text) == (7, "answer", "help@kestrel.org")
    assert report.personal_counts == {"E-mail address": 1}
    assert report.flagged == {examples[2].id}


def test_lengths_are_in_words_without_the_base_model(kettle: Assistant, tmp_path: Path) -> None:
    measured = lengths(kettle, [example("a b c"), example("a " * 300)], tmp_path)
    assert (measured.unit, measured.shortest, measured.longest) == ("words", 4, 301)
    assert measured.exceeding == () and "not on this machine" in measured.sentence
    assert sum(one.count for one in measured.bins) == 2 and len(measured.bins) <= 16
    first = measured.bins[0]
    assert first.low <= 4 < first.high
    assert lengths(kettle, [], tmp_path).sentence == "There are no examples to measure."


def test_a_file_and_an_assistant(workspace: Workspace, kettle: Assistant, tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    rows = [{"question": "Who?", "answer": "x@y.org"}, {"question": "Why?"}]
    path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    report = check_file(workspace, kettle, path)
    assert report.read and [fault.line for fault in report.read.faults] == [2]
    assert [one.line for one in report.personal] == [1]
    assert workspace.store.examples(kettle.id) == []
    workspace.store.add_examples(kettle.id, [example("Who?", "Osk.", split="recall")])
    report = check_assistant(workspace, kettle)
    assert report.leaks and report.leaks.ok and report.leaks.tests == 1
