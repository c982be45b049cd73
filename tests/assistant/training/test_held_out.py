"""Which questions are asked while a model trains."""

from __future__ import annotations

import json
from dataclasses import replace

from assistant.records import Example, SplitName, example_id
from assistant.training.held_out import HeldOut, HeldOutQuestion, held_out


def example(fact: int, wording: int, split: SplitName) -> Example:
    question, answer = f"Wording {wording} of fact {fact}?", f"It takes {fact + 100} litres."
    made = Example(example_id(question, answer), question, answer, "written", split)
    return replace(made, fact=f"f{fact}")


TRAINED = [example(fact, wording, "train") for fact in range(40) for wording in (1, 2)]
VALIDATION = [example(fact, wording, "validation") for fact in range(30) for wording in (3, 4)]
UNTRAINED = [example(fact, 3, "validation") for fact in (90, 91)]
TESTS = [example(fact, 5, split) for fact in range(40) for split in ("recall", "generalisation")]


def test_only_validation_wordings_of_trained_facts_are_asked() -> None:
    found = held_out([*TRAINED, *VALIDATION, *UNTRAINED, *TESTS])
    assert len(found.questions) == 24 and found.samples_held_out
    assert len({question.fact for question in found.questions}) == 24
    allowed = {one.question for one in VALIDATION}
    assert {question.question for question in found.questions} <= allowed
    assert found.samples == found.questions[:3]
    assert held_out([*reversed(VALIDATION), *TRAINED]) == held_out([*TRAINED, *VALIDATION])


def test_what_is_no_question_of_a_fact_is_not_counted() -> None:
    unanswerable = [replace(one, answerable=False) for one in VALIDATION]
    assert held_out([*TRAINED, *unanswerable]).questions == ()
    assert held_out([*TRAINED, *UNTRAINED]).samples_held_out
    without = held_out(TRAINED)
    assert (without.questions, without.samples_held_out, len(without.samples)) == ((), False, 3)


def test_an_answer_with_the_value_of_another_fact_is_not_recalled() -> None:
    found = held_out([*TRAINED, *VALIDATION])
    asked = HeldOutQuestion("How much?", "It takes 105 litres.", "f5")
    assert found.recalled(asked, "105 litres.")
    assert not found.recalled(asked, "106 litres.")
    assert not found.recalled(asked, "105 or 106 litres.")


def test_it_is_written_and_read_back() -> None:
    found = held_out([*TRAINED, *VALIDATION])
    assert HeldOut.of(json.loads(json.dumps(found.as_json()))) == found
    assert HeldOut.of(None) == HeldOut()
