"""Examples are in an assistant once, in their order, and can be edited in place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from assistant.errors import Conflict, NotFound
from assistant.records import Assistant, Example, example_id
from assistant.store import Store


@pytest.fixture
def filled(store: Store, assistant: Assistant, example: Callable[..., Example]) -> Store:
    store.add_assistant(assistant)
    store.add_examples("a1", [example("One?"), example("Two?", split="recall")])
    return store


def test_only_new_examples_are_added(filled: Store, example: Callable[..., Example]) -> None:
    again = replace(example("One?"), answer="something else")
    three = example("Three?")
    assert filled.add_examples("a1", [again, three, three]) == 1
    assert filled.examples("a1") == [example("One?"), example("Two?", split="recall"), three]
    assert filled.add_examples("a1", []) == 0


def test_of_two_in_one_addition_the_first_stands(
    filled: Store, example: Callable[..., Example]
) -> None:
    first, second = example("Four?"), example("Four?", method="second")
    assert filled.add_examples("a1", [first, example("Five?"), second]) == 2
    assert filled.examples("a1")[2:] == [first, example("Five?")]


def test_examples_of_one_split(filled: Store, example: Callable[..., Example]) -> None:
    assert filled.examples("a1", "train") == [example("One?")]
    assert filled.examples("a1", "recall") == [example("Two?", split="recall")]
    assert filled.examples("a1", "validation") == []


def test_an_assistant_may_have_what_another_has(
    filled: Store, assistant: Assistant, example: Callable[..., Example]
) -> None:
    filled.add_assistant(replace(assistant, id="a2", slug="other", name="Other"))
    assert filled.add_examples("a2", [example("One?")]) == 1
    assert filled.delete_examples("a2", [example("One?").id]) == 1
    assert len(filled.examples("a1")) == 2


def test_no_examples_without_an_assistant(store: Store, example: Callable[..., Example]) -> None:
    with pytest.raises(NotFound):
        store.add_examples("nobody", [example()])


def test_an_edited_example_keeps_its_place(filled: Store, example: Callable[..., Example]) -> None:
    key = example("One?").id
    changed = replace(
        example("One?"), id=example_id("One?", "two litres"), answer="two litres", answerable=False
    )
    filled.add_examples("a1", [example("Three?")])
    filled.update_example("a1", key, changed)
    assert filled.examples("a1")[:2] == [changed, example("Two?", split="recall")]
    with pytest.raises(NotFound):
        filled.update_example("a1", key, changed)
    with pytest.raises(Conflict, match="already has this question"):
        filled.update_example("a1", changed.id, example("Three?"))
    assert filled.examples("a1")[0] == changed


def test_delete_says_how_many_there_were(filled: Store, example: Callable[..., Example]) -> None:
    many = [example(f"Question {number}?") for number in range(1200)]
    assert filled.add_examples("a1", many) == 1200
    ids = [one.id for one in many]
    assert filled.delete_examples("a1", [*ids, *ids, "unknown"]) == 1200
    assert len(filled.examples("a1")) == 2


def test_all_that_is_known_of_an_example_comes_back(
    filled: Store, example: Callable[..., Example]
) -> None:
    known = example(
        "Four?", span=(2, 9), scores={"support": 1.0, "rank": 1.0}, flags=("ambiguous",)
    )
    filled.add_examples("a1", [known])
    assert filled.examples("a1")[-1] == known


def test_a_rejected_example_is_kept_apart_and_not_written_again(
    filled: Store, example: Callable[..., Example]
) -> None:
    rejected = replace(example("One?"), rejected=True)
    filled.update_example("a1", rejected.id, rejected)
    assert [one.question for one in filled.examples("a1")] == ["Two?"]
    assert filled.examples("a1", rejected=True) == [rejected]
    assert len(filled.examples("a1", rejected=None)) == 2
    assert filled.add_examples("a1", [example("One?")]) == 0


def test_a_rejected_example_trains_on_no_test_question(
    filled: Store, example: Callable[..., Example]
) -> None:
    same = example("Two?", id="other", answer="another answer", rejected=True)
    assert filled.add_examples("a1", [same]) == 1


def test_one_example_is_read_and_rejected_and_taken_back(
    filled: Store, example: Callable[..., Example]
) -> None:
    one, two = example("One?"), example("Two?", split="recall")
    assert filled.example("a1", one.id) == one
    assert filled.set_rejected("a1", [one.id, two.id, "nobody"], True) == 2
    assert filled.examples("a1") == []
    assert filled.example("a1", two.id) == replace(two, rejected=True)
    assert filled.set_rejected("a1", [one.id, one.id], False) == 1
    assert filled.examples("a1") == [one]
    with pytest.raises(NotFound, match="any more"):
        filled.example("a1", "nobody")
