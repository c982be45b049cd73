"""Reading examples from files, and splits that do not leak."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.errors import ExamplesError
from assistant.examples import near_duplicates, read_examples, split_examples
from assistant.prompts import NOT_IN_DOCUMENTS
from assistant.records import Example, SplitName, example_id


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def example(
    question: str, answer: str = "Yes.", fact: str = "", split: SplitName = "train"
) -> Example:
    return Example(example_id(question, answer), question, answer, "written", split, fact=fact)


def test_jsonl(tmp_path: Path) -> None:
    rows = [
        {"question": "How big?", "answer": "Two litres.", "fact": "tank", "split": "recall"},
        {"question": "Why?", "answerable": False, "unknown": 3},
        {"question": " How  big? ", "answer": "Two litres."},
    ]
    path = written(tmp_path / "e.jsonl", "\n\n".join(map(json.dumps, rows)))
    first, second = read_examples(path)
    assert (first.question, first.answer, first.split) == ("How big?", "Two litres.", "recall")
    assert first.id == example_id("How big?", "Two litres.")
    assert (first.source, first.method, first.fact) == ("imported", "e.jsonl", "tank")
    assert (second.answer, second.answerable, second.split) == (NOT_IN_DOCUMENTS, False, "train")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv(tmp_path: Path, encoding: str, delimiter: str) -> None:
    lines = ["Question|Answer|Answerable", 'What is "Größe"|"Two\nlines, or; so"|yes', "And?||no"]
    text = "\r\n".join(lines).replace("|", delimiter).replace('"Größe"', "Größe")
    first, second = read_examples(written(tmp_path / "e.csv", text.encode(encoding)))
    assert first.question == "What is Größe"
    assert first.answer == "Two\nlines, or; so"
    assert (second.answer, second.answerable) == (NOT_IN_DOCUMENTS, False)


def test_every_fault_is_listed_with_its_line(tmp_path: Path) -> None:
    lines = [
        '{"question": "a", "answer": "b"}',
        '{"question": "a"',
        "[1]",
        '{"question": "", "answer": 3, "split": "test", "answerable": "maybe"}',
        '{"answer": "b"}',
    ]
    with pytest.raises(ExamplesError) as caught:
        read_examples(written(tmp_path / "e.jsonl", "\n".join(lines)))
    text = str(caught.value)
    assert "4 faulty lines" in text
    for part in (
        "line 2: not valid JSON",
        "line 3: not a JSON object",
        "line 4: answer is not text, answerable is neither true nor false, question is missing, "
        "split is 'test'",
        "line 5: question is missing",
    ):
        assert part in text


def test_the_list_of_faults_is_capped(tmp_path: Path) -> None:
    with pytest.raises(ExamplesError, match="and 30 more") as caught:
        read_examples(written(tmp_path / "e.jsonl", "x\n" * 50))
    assert str(caught.value).count("line ") == 20


def test_faults_of_csv_name_the_line_they_begin_on(tmp_path: Path) -> None:
    text = 'question,answer\n"two\nlines",fine\nonly one cell\n,no question\n'
    with pytest.raises(ExamplesError) as caught:
        read_examples(written(tmp_path / "e.csv", text))
    assert "line 4: 1 cells where the header has 2" in str(caught.value)
    assert "line 5: question is missing" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("e.jsonl", "", "empty"),
        ("e.csv", "question,answer\n", "empty"),
        ("e.csv", "frage,antwort\na,b\n", "column question and the column answer is missing"),
        ("e.jsonl", b"\x81\x8d\x00\x01", "encoding"),
        ("e.jsonl", b'{"question"\x00}', "not a text file"),
    ],
)
def test_unusable_files(tmp_path: Path, name: str, content: str | bytes, said: str) -> None:
    with pytest.raises(ExamplesError, match=said):
        read_examples(written(tmp_path / name, content))


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ExamplesError, match=r"nothing\.csv cannot be read"):
        read_examples(tmp_path / "nothing.csv")


def test_near_duplicates() -> None:
    groups = near_duplicates(
        [
            "How much water does the tank of the Kestrel hold?",
            "how much water does the tank of the kestrel hold",
            "How much water does the tank of the big Kestrel hold?",
            "How much water does the tank of the Osprey hold?",
            "How long is the warranty?",
            "",
        ]
    )
    assert groups[0] == groups[2]
    assert len(set(groups)) == 5 - (groups[0] == groups[1])
    assert groups[3] not in groups[:3]


def test_near_duplicates_agree_with_comparing_all_pairs() -> None:
    nouns = "tank lid lamp hose valve spout".split()
    questions = [f"How is the {a} of the {b} cleaned and kept?" for a in nouns for b in nouns]
    questions += [f"How is the {a} of the {a} cleaned, and kept?" for a in nouns]
    sets = [frozenset(q.lower().replace(",", "").rstrip("?").split()) for q in questions]
    groups = near_duplicates(questions)
    for one, left in enumerate(sets):
        for other, right in enumerate(sets):
            if len(left & right) / len(left | right) >= 0.75:
                assert groups[one] == groups[other]


def test_about_a_tenth_is_validation_and_the_choice_is_stable() -> None:
    topics = [f"topic{chr(97 + i % 26)}{chr(97 + i // 26)}" for i in range(100)]
    examples = [example(f"What is known of {topic}?") for topic in topics]
    split = split_examples(examples)
    assert Counter(e.split for e in split) == {"train": 90, "validation": 10}
    assert split_examples(examples) == split
    backwards = split_examples(examples[::-1])
    assert {e.id for e in backwards if e.split == "validation"} == {
        e.id for e in split if e.split == "validation"
    }


def test_wordings_of_a_fact_stay_together() -> None:
    topics = [f"topic{chr(97 + i)}" for i in range(20)]
    wordings = ("What is known of {}?", "Tell me about {}.", "I would like to hear of {} please.")
    examples = [example(w.format(t), fact=t) for t in topics for w in wordings]
    split = split_examples(examples, validation_share=0.2)
    sides: dict[str, set[str]] = {}
    for one in split:
        sides.setdefault(one.fact, set()).add(one.split)
    assert all(len(side) == 1 for side in sides.values())
    assert sum(one.split == "validation" for one in split) == 12


def test_near_duplicate_questions_stay_together() -> None:
    examples = [
        example(f"How do I clean and dry the {part} of my kettle{mark}", fact=f"{part}{mark}")
        for part in ("lid", "spout", "base", "handle", "whistle", "element", "cord", "filter")
        for mark in ("?", " today?")
    ]
    split = split_examples(examples, validation_share=0.3)
    groups = near_duplicates([one.question for one in split])
    train = {g for one, g in zip(split, groups, strict=True) if one.split == "train"}
    validation = {g for one, g in zip(split, groups, strict=True) if one.split == "validation"}
    assert validation
    assert not train & validation


def test_a_fact_with_recall_questions_stays_trained() -> None:
    topics = [f"topic{chr(97 + i)}" for i in range(10)]
    wordings = ("What is known of {}?", "Tell me about {}.", "I would like to hear of {} please.")
    examples = [example(w.format(t), fact=t) for t in topics for w in wordings]
    examples += [example(f"Could {t} be explained?", fact=t, split="recall") for t in topics]
    split = split_examples(examples, validation_share=0.2)
    assert sum(one.split == "validation" for one in split) == 6
    trained = Counter(one.fact for one in split if one.split == "train")
    assert all(trained[topic] >= 2 for topic in topics)
    assert sum(one.split == "recall" for one in split) == 10


def test_a_copy_of_a_test_question_is_not_trained_on() -> None:
    test = example("How big is the tank of the kettle?", split="recall")
    copy = example("how big is the tank of the kettle", answer="Two litres.")
    other = example("Who made it?")
    split = split_examples([test, copy, other])
    assert [one.split for one in split] == ["recall", "recall", "train"]


def test_validation_that_is_given_is_kept() -> None:
    examples = [example(f"What is topic{chr(97 + i)}?") for i in range(20)]
    examples[3] = replace(examples[3], split="validation")
    split = split_examples(examples)
    assert [one.id for one in split if one.split == "validation"] == [examples[3].id]
