"""Rows with passages: the one that answers among others, in the prompt of chat."""

from __future__ import annotations

from dataclasses import replace

import pytest

from assistant.records import Assistant, Example
from assistant.training.request import training_rows
from assistant.workspace import Workspace
from assistant.writing.context_rows import context_passages


@pytest.fixture
def examples(workspace: Workspace, kettle: Assistant) -> list[Example]:
    workspace.write_examples(kettle)
    return workspace.store.examples(kettle.id, "train")


def test_a_share_of_the_rows_shows_its_passage_among_others(
    workspace: Workspace, kettle: Assistant, examples: list[Example]
) -> None:
    shown_for = context_passages(workspace.retriever(kettle), examples, 1.0)
    assert shown_for is not None
    for one in examples:
        texts = [passage.text for passage in shown_for(one)]
        assert len(texts) == len(set(texts)) > 1
        assert (one.passage in texts) == one.answerable
    rows = training_rows(kettle, examples, shown_for)
    assert len(rows) == 2 * len(examples)
    assert rows[1]["prompt"][-1]["content"].startswith("Passages from the documents:")
    assert rows[1]["prompt"][-1]["content"].endswith(f"Question: {examples[0].question}")


def test_the_place_of_the_answering_passage_varies(
    workspace: Workspace, kettle: Assistant, examples: list[Example]
) -> None:
    shown_for = context_passages(workspace.retriever(kettle), examples, 1.0)
    assert shown_for is not None
    asked = [one for one in examples if one.answerable]
    places = {[p.text for p in shown_for(one)].index(one.passage) for one in asked}
    assert len(places) > 1


def test_no_share_no_rows(workspace: Workspace, kettle: Assistant, examples: list[Example]) -> None:
    retriever = workspace.retriever(kettle)
    assert context_passages(retriever, examples, 0.0) is None
    gone = [replace(one, passage="Something else.") for one in examples if one.answerable]
    assert context_passages(retriever, gone, 1.0) is None
