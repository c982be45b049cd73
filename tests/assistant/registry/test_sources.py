"""What a run learned from, held against the documents as they are now."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.next_step import next_step
from assistant.records import Assistant, Example
from assistant.registry.sources import Learned, learned
from assistant.training.folder import read_json, write_json
from assistant.verdict.gathering import verdict
from assistant.workspace import Workspace
from retrieval.documents import Passage
from tests.assistant.conftest import MANUAL
from tests.assistant.registry.conftest import MadeRun

CHANGED = MANUAL.replace("1.85 litres", "2.1 litres")


def example(name: str, passage: Passage | None, document: str = "manual.md") -> Example:
    section = passage.section if passage else ""
    return Example(name, f"{name}?", "So.", "written", "train", document=document, section=section)


@pytest.fixture
def passages(workspace: Workspace, kettle: Assistant) -> dict[str, Passage]:
    return {one.heading_path[-1]: one for one in workspace.corpus(kettle).passages()}


@pytest.fixture
def trained(
    workspace: Workspace, kettle: Assistant, made_run: MadeRun, passages: dict[str, Passage]
) -> None:
    """A run on two examples of the tank, one of the warranty, one that names no section."""
    workspace.store.add_examples(
        kettle.id,
        [
            example("a", passages["Tank"]),
            example("b", passages["Tank"]),
            example("c", passages["Warranty"]),
            example("d", None),
        ],
    )
    made_run(kettle, "r1")


def known(workspace: Workspace, assistant: Assistant) -> Learned:
    return learned(workspace, assistant, workspace.runs(assistant).get("r1"))


def replace_manual(workspace: Workspace, assistant: Assistant, path: Path, text: str) -> None:
    path.write_text(text, "utf-8")
    (result,) = workspace.corpus(assistant).add([path])
    assert result.outcome != "failed"


@pytest.mark.usefixtures("trained")
def test_the_rows_are_counted_by_document(workspace: Workspace, kettle: Assistant) -> None:
    found = known(workspace, kettle)
    (document,) = found.documents
    assert (document.document, document.sections, document.rows) == ("manual.md", 2, 4)
    assert (found.stale, found.unknown, found.sentence) == (0, 0, "")


@pytest.mark.usefixtures("trained")
def test_only_sections_that_changed_are_stale(
    workspace: Workspace, kettle: Assistant, tmp_path: Path
) -> None:
    replace_manual(workspace, kettle, tmp_path / "manual.md", CHANGED)
    found = known(workspace, kettle)
    assert found.stale == 3  # both of the tank, and the one of no section
    assert "3 of 4 rows were learned from what has changed or gone" in found.sentence
    assert verdict(workspace, kettle).evidence.stale_examples == 3
    step = next_step(workspace, kettle)
    assert step.action == "write_examples"
    assert step.sentence.startswith("Documents changed: 3 of the 4 rows")


@pytest.mark.usefixtures("trained")
def test_fresh_examples_ask_for_training(
    workspace: Workspace, kettle: Assistant, tmp_path: Path
) -> None:
    replace_manual(workspace, kettle, tmp_path / "manual.md", CHANGED)
    workspace.store.delete_examples(kettle.id, ["a", "b"])
    assert next_step(workspace, kettle).action == "train"


@pytest.mark.usefixtures("trained")
def test_deleted_and_added_again_nothing_is_stale(
    workspace: Workspace, kettle: Assistant, tmp_path: Path
) -> None:
    workspace.corpus(kettle).remove("manual.md")
    gone = known(workspace, kettle)
    assert gone.stale == 4 and gone.stale_documents == ("manual.md",)
    replace_manual(workspace, kettle, tmp_path / "manual.md", MANUAL)
    assert known(workspace, kettle).stale == 0
    workspace.corpus(kettle).remove("manual.md")
    replace_manual(workspace, kettle, tmp_path / "manual.md", CHANGED)
    assert known(workspace, kettle).stale == 3  # though it is version 1 again


@pytest.mark.usefixtures("trained")
def test_sections_that_moved_to_another_document_are_not_stale(
    workspace: Workspace, kettle: Assistant, tmp_path: Path
) -> None:
    workspace.corpus(kettle).remove("manual.md")
    replace_manual(workspace, kettle, tmp_path / "guide.md", MANUAL)
    assert known(workspace, kettle).stale == 1  # the one that is known by its document alone


@pytest.mark.usefixtures("trained")
def test_an_old_run_is_known_by_its_rows(
    workspace: Workspace, kettle: Assistant, tmp_path: Path
) -> None:
    path = workspace.runs(kettle).folder / "r1" / "run.json"
    about = read_json(path) or {}
    del about["sources"]
    write_json(path, about)
    assert (known(workspace, kettle).unknown, known(workspace, kettle).stale) == (0, 0)
    replace_manual(workspace, kettle, tmp_path / "manual.md", CHANGED)
    assert known(workspace, kettle).stale == 3
    workspace.store.delete_examples(kettle.id, ["a"])
    found = known(workspace, kettle)
    assert (found.stale, found.unknown) == (2, 1)
    assert "Of 1 rows it is not known" in found.sentence


def test_a_heading_in_an_imported_file_is_no_section(
    workspace: Workspace, kettle: Assistant, made_run: MadeRun
) -> None:
    imported = Example(
        *("x", "Why?", "So.", "imported", "train"), document="manual.md", section="Tank"
    )
    made_run(kettle, "r1", [imported])
    assert known(workspace, kettle).stale == 0
