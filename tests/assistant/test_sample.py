"""The sample assistant is made once, and never into an assistant of somebody's own."""

from __future__ import annotations

import json

import pytest

from assistant.errors import StoreError
from assistant.sample import make_sample, sample_id, sample_wanted
from assistant.shipped import sample_description
from assistant.workspace import Workspace


def test_it_is_made_once(workspace: Workspace) -> None:
    assert sample_wanted(workspace) and sample_id(workspace) == ""
    made = make_sample(workspace)
    assert made.name == sample_description().name
    assert not sample_wanted(workspace) and sample_id(workspace) == made.id
    examples = len(workspace.store.examples(made.id))
    assert make_sample(workspace) == made
    assert len(workspace.assistants()) == 1
    assert len(workspace.store.examples(made.id)) == examples
    workspace.delete(made)
    assert not sample_wanted(workspace)


def test_one_that_was_interrupted_is_completed(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise StoreError("The disk is full.")

    with monkeypatch.context() as patched:
        patched.setattr("assistant.sample._add_run", full)
        with pytest.raises(StoreError, match="disk is full"):
            make_sample(workspace)
    (begun,) = workspace.assistants()
    assert sample_wanted(workspace) and sample_id(workspace) == begun.id
    assert make_sample(workspace) == begun
    assert not sample_wanted(workspace)
    assert len(workspace.runs(begun).list()) == 1


def test_an_assistant_of_the_same_name_is_left_be(workspace: Workspace) -> None:
    own = workspace.create(sample_description().name, "Answer about my own Aurora.")
    made = make_sample(workspace)
    assert made.id != own.id and made.name == "Aurora support (sample)"
    assert workspace.corpus(own).documents() == []
    assert workspace.store.examples(own.id) == []
    assert make_sample(workspace) == made


def test_a_marker_of_an_earlier_version_means_that_it_was_made(workspace: Workspace) -> None:
    marker = workspace.settings.home / "sample.json"
    marker.write_text(json.dumps({"assistant": "gone", "name": "Aurora support"}), "utf-8")
    assert not sample_wanted(workspace)
    marker.write_text("{", "utf-8")
    assert not sample_wanted(workspace)
