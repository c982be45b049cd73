"""Splits that do not leak."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from assistant.examples import near_duplicates, split_examples
from assistant.records import Example, SplitName, example_id


def example(
    question: str, answer: str = "Yes.", fact: str = "", split: SplitName = "train"
) -> Example:
    return Example(example_id(question, answer), question, answer, "written", split, fact=fact)


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
