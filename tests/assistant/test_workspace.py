from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from assistant.errors import Conflict, ExamplesError, InvalidRequest, NotFound
from assistant.generation import ScriptedBackend
from assistant.next_step import next_step
from assistant.records import Assistant
from assistant.settings import Settings
from assistant.workspace import Workspace
from retrieval.embedder import HashingEmbedder


def test_an_assistant_is_found_by_slug_name_and_id(workspace: Workspace) -> None:
    made = workspace.create("Straßen & Wege", "Roads")
    assert workspace.assistant(made.slug) == made
    assert workspace.assistant("straßen & wege") == made
    assert workspace.assistant(made.id) == made
    with pytest.raises(NotFound):
        workspace.assistant("nobody")


@pytest.mark.parametrize("name", ["../../etc", "漢字", "a/b\\c", "..", "con"])
def test_a_slug_is_a_harmless_folder_name(workspace: Workspace, name: str) -> None:
    slug = workspace.create(name, "").slug
    assert slug and all(letter.isascii() and (letter.isalnum() or letter == "-") for letter in slug)


def test_names_are_checked_and_taken_once(workspace: Workspace) -> None:
    workspace.create("Kestrel", "")
    with pytest.raises(Conflict):
        workspace.create(" kestrel ", "")
    with pytest.raises(InvalidRequest):
        workspace.create("  ", "")
    with pytest.raises(InvalidRequest):
        workspace.create("x" * 200, "")


def test_two_names_with_one_slug_have_two_folders(workspace: Workspace) -> None:
    assert workspace.create("A b", "").slug != workspace.create("A-b", "").slug


def test_a_renamed_assistant_keeps_its_folder_and_an_unedited_prompt_follows(
    workspace: Workspace, kettle: Assistant
) -> None:
    renamed = workspace.update(kettle, name="Merlin")
    assert renamed.slug == kettle.slug
    assert "Merlin" in renamed.system_prompt
    edited = workspace.update(renamed, system_prompt="Be brief.")
    assert workspace.update(edited, name="Heron").system_prompt == "Be brief."
    assert len(workspace.corpus(workspace.assistant("Heron")).documents()) == 1


def test_everything_survives_a_restart(
    workspace: Workspace, kettle: Assistant, settings: Settings
) -> None:
    workspace.close()
    again = Workspace.open(settings, embedder_for=lambda name: HashingEmbedder())
    assert again.assistants() == [kettle]
    assert [document.name for document in again.corpus(kettle).documents()] == ["manual.md"]
    again.close()


def test_deleting_takes_everything_of_it(workspace: Workspace, kettle: Assistant) -> None:
    folder = workspace.folder(kettle)
    assert folder.is_dir()
    workspace.delete(kettle)
    assert not folder.exists()
    assert workspace.assistants() == []


def test_why_a_contender_cannot_answer_yet(
    workspace: Workspace, kettle: Assistant, add_run: Callable[[Assistant], str]
) -> None:
    empty = workspace.create("Empty", "")
    assert "no documents" in workspace.unavailable(empty, "rag")
    assert "no tuned model" in workspace.unavailable(kettle, "tuned")
    assert "no tuned model" in workspace.unavailable(kettle, "tuned+rag")
    assert workspace.unavailable(empty, "base") == workspace.unavailable(kettle, "rag") == ""
    add_run(kettle)
    assert workspace.unavailable(kettle, "tuned") == ""
    with pytest.raises(NotFound):
        workspace.contender(kettle, "tuned", "no-such-run")


def test_training_without_examples_says_what_to_do(workspace: Workspace, kettle: Assistant) -> None:
    from assistant.runs import PRESETS

    with pytest.raises(ExamplesError, match="no examples to train on"):
        workspace.train(kettle, PRESETS["quick"])


def test_examples_come_from_files_and_from_documents(
    workspace: Workspace, kettle: Assistant, tmp_path: Path
) -> None:
    file = tmp_path / "faq.csv"
    file.write_text("question,answer\nHow big is the tank?,It holds 1.85 litres.\n", "utf-8")
    assert workspace.import_examples(kettle, file) == 1
    assert workspace.import_examples(kettle, file) == 0
    assert workspace.write_examples(kettle).added > 0
    assert workspace.write_examples(kettle).added == 0
    with pytest.raises(ExamplesError, match="no documents"):
        workspace.write_examples(workspace.create("Empty", ""))


def test_one_model_stays_resident(settings: Settings) -> None:
    made: list[str] = []

    def backend_for(model: str, progress: object) -> ScriptedBackend:
        made.append(model)
        return ScriptedBackend(lambda request: "Yes.")

    workspace = Workspace.open(
        settings, backend_for=backend_for, embedder_for=lambda name: HashingEmbedder()
    )
    one, other = workspace.create("One", ""), workspace.create("Other", "")
    assert not workspace.backend_ready(one)
    assert workspace.backend(one) is workspace.backend(other)
    assert workspace.backend_ready(other) and made == ["builtin"]
    workspace.close()


def test_the_next_step_follows_the_state(
    workspace: Workspace, kettle: Assistant, add_run: Callable[[Assistant], str]
) -> None:
    empty = workspace.create("Empty", "")
    assert next_step(workspace, empty).action == "add_documents"
    assert next_step(workspace, kettle).action == "ask"
    add_run(kettle)
    assert next_step(workspace, kettle).action == "vote"
