"""The list of examples as the page drives it: filters, keys' presses, dialogs, undo."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import gradio as gr
import pytest

from assistant.records import Assistant, Example, example_id
from assistant.store import Store
from assistant.ui.examples_browse import ExamplesBrowse
from assistant.ui.services import Places, Services, markup

NOTHING = ("",) * 7


@pytest.fixture
def browse(services: Services) -> ExamplesBrowse:
    with gr.Blocks():
        made = ExamplesBrowse(services, Places(*(gr.State("") for _ in range(4))), markup())
        made.wire(gr.Button())
    return made


@pytest.fixture
def store(services: Services) -> Store:
    return services.workspace.store


@pytest.fixture
def add(store: Store, kettle: Assistant) -> Callable[..., Example]:
    def added(question: str, **fields: Any) -> Example:
        made = Example(example_id(question, "Yes."), question, "Yes.", "generated", "train")
        made = replace(made, **fields)
        store.add_examples(kettle.id, [made])
        return made

    return added


def press(**data: str) -> gr.EventData:
    return gr.EventData(None, data)


def text(values: list[Any]) -> str:
    return " ".join(str(value) for value in values)


def test_every_answer_has_a_value_for_each_output(
    browse: ExamplesBrowse, kettle: Assistant, add: Callable[..., Example]
) -> None:
    one = add("How big?", flags=("ambiguous",))
    assert len(browse.begun()) == len(browse.fresh)
    outputs = {fn.fn.__name__: len(fn.outputs) for fn in _events(browse)}
    where = (kettle.id, *NOTHING)
    calls: dict[str, list[Any]] = {
        "_filtered": browse._filtered(*where),
        "_anywhere": browse._anywhere(*where),
        "_new": browse._new(kettle.id),
        "_undo": browse._undo((), 0, *where),
        "_save": browse._save("", "A?", "b", True, "train", "", (), 0, *where),
        "_reject_many": browse._reject_many((True, (one.id,)), (), 0, *where),
    }
    for name, values in calls.items():
        assert len(values) == outputs[name], name
    for action in ("open", "edit", "page", "reject-many", "close", "accept"):
        pressed = press(action=action, id=one.id, ticked=one.id)
        assert len(browse._opened(pressed, *where)) == outputs["_opened"], action
        assert len(browse._changed(pressed, (), 0, *where)) == outputs["_changed"], action


def _events(browse: ExamplesBrowse) -> list[Any]:
    blocks = browse.table.parent
    while getattr(blocks, "parent", None) is not None:
        blocks = blocks.parent
    return [fn for fn in blocks.fns.values() if fn.fn is not None]  # type: ignore[union-attr]


def test_rejecting_accepting_and_undoing(
    browse: ExamplesBrowse, kettle: Assistant, store: Store, add: Callable[..., Example]
) -> None:
    one, two = add("How big?", flags=("ambiguous",)), add("How heavy?")
    where = (kettle.id, *NOTHING)
    changes, _, said, *rest = browse._changed(press(action="accept", id=one.id), (), 0, *where)
    assert "Accepted." in said and store.example(kettle.id, one.id).flags == ()
    pressed = press(action="example-reject", id=two.id)  # from the drawer
    changes, _, said, *rest = browse._changed(pressed, changes, 0, *where)
    assert "1 example was rejected." in said and "How heavy?" not in text(rest)
    assert "How heavy?" in text(browse.values(kettle.id, "", "", "", "", "", "rejected", ""))
    changes, undo, said, *rest = browse._undo(changes, 0, *where)
    assert "Undone." in said and "How heavy?" in text(rest) and undo["interactive"]
    changes, undo, *_ = browse._undo(changes, 0, *where)
    assert store.example(kettle.id, one.id).flags == ("ambiguous",) and not undo["interactive"]
    assert "nothing to undo" in text(browse._undo(changes, 0, *where))


def test_many_are_rejected_after_a_question(
    browse: ExamplesBrowse, kettle: Assistant, store: Store, add: Callable[..., Example]
) -> None:
    kept, *others = [add(f"Question {n}?") for n in range(4)]
    where = (kettle.id, "question", *NOTHING[1:])
    asked = text(browse._opened(press(action="reject-many", ticked=""), *where))
    assert "all 4 examples that the filter shows" in asked
    ticked = ",".join(one.id for one in others)
    opened = browse._opened(press(action="reject-many", ticked=ticked), *where)
    assert "the 3 ticked examples" in text(opened)
    many = next(value for value in opened if isinstance(value, tuple))
    done = browse._reject_many(many, (), 0, *where)
    assert "3 examples were rejected." in text(done) and store.examples(kettle.id) == [kept]
    browse._undo(done[1], 0, *where)
    assert len(store.examples(kettle.id)) == 4


def test_a_second_browser_that_deleted_it_leaves_a_sentence(
    browse: ExamplesBrowse, kettle: Assistant, store: Store, add: Callable[..., Example]
) -> None:
    one = add("How big?")
    store.delete_examples(kettle.id, [one.id])
    where = (kettle.id, *NOTHING)
    for action in ("open", "edit"):
        assert 'role="alert"' in text(browse._opened(press(action=action, id=one.id), *where))
    for action in ("accept", "reject", "delete"):
        said = text(browse._changed(press(action=action, id=one.id), (), 0, *where))
        assert "elsewhere" in said and 'role="alert"' in said
    said = browse._save(one.id, "How large?", "Yes.", True, "train", "", (), 0, *where)
    assert "elsewhere" in said[1], "the dialog stays open with what was written"


def test_an_example_is_written_by_hand_with_its_document(
    browse: ExamplesBrowse, kettle: Assistant, store: Store
) -> None:
    *_, document = browse._new(kettle.id)
    assert ("manual.md", "manual.md") in document["choices"]
    where = (kettle.id, *NOTHING)
    browse._save("", "How big?", "1.85 litres.", True, "train", "manual.md", (), 0, *where)
    (kept,) = store.examples(kettle.id)
    assert (kept.document, kept.method) == ("manual.md", "by hand")
    opened = browse._opened(press(action="open", id=kept.id), *where)
    assert "How big?" in opened[0] and "Written by hand" in opened[0]


def test_stale_examples_are_told_apart(
    browse: ExamplesBrowse, kettle: Assistant, services: Services, add: Callable[..., Example]
) -> None:
    section = services.workspace.corpus(kettle).passages()[0].section
    add("Here?", section=section)
    add("Gone?", section="f" * 64)
    stale = text(browse.values(kettle.id, "", "", "", "", "", "stale", ""))
    assert "Gone?" in stale and "Here?" not in stale
    values = browse.narrowed(kettle.id, section=section)
    assert "Here?" in text(values) and "Gone?" not in text(values)
    assert "One section alone: 1 example" in text(values)
