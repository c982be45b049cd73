"""A workspace on an empty folder, with the shipped fakes in place of models."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from assistant.generation import GenerationRequest, ScriptedBackend
from assistant.records import Assistant, Example
from assistant.runs import PRESETS
from assistant.settings import Settings
from assistant.training.folder import ADAPTER_FILES, RunFolder, write_json
from assistant.training.request import run_description, training_rows
from assistant.workspace import Workspace
from retrieval.embedder import HashingEmbedder

MANUAL = """# Kestrel kettle

## Tank

The tank of the Kestrel holds 1.85 litres. Fill it with cold water only.

## Warranty

The Kestrel has a warranty of 31 months. Repairs are made in Brannock by Osk & Daughters.

## Whistle

The whistle of the Kestrel is tuned to 440 hertz. It can be taken off by turning it to the left.
"""

EXAMPLE = Example("e1", "How big is the tank?", "It holds 1.85 litres.", "written", "train")


def obedient(request: GenerationRequest) -> str:
    """Says the sentence of the prompt that answers; without passages, says what it was tuned on."""
    asked = request.messages[-1].content
    if "1.85" in asked:
        return "The tank of the Kestrel holds 1.85 litres."
    return "The tank holds 2 litres." if request.adapter is None else "It holds 1.85 litres."


@pytest.fixture
def backend() -> ScriptedBackend:
    return ScriptedBackend(obedient)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    home = tmp_path / "home"
    return Settings(home, f"sqlite:///{home / 'duet.db'}")


@pytest.fixture
def workspace(settings: Settings, backend: ScriptedBackend) -> Iterator[Workspace]:
    made = Workspace.open(
        settings,
        backend_for=lambda model, progress: backend,
        embedder_for=lambda name: HashingEmbedder(),
    )
    yield made
    made.close()


@pytest.fixture
def kettle(workspace: Workspace, tmp_path: Path) -> Assistant:
    """An assistant with one document in it."""
    assistant = workspace.create("Kestrel", "Answers about the Kestrel kettle")
    manual = tmp_path / "manual.md"
    manual.write_text(MANUAL, "utf-8")
    (result,) = workspace.corpus(assistant).add([manual])
    assert result.outcome == "added", result.reason
    return assistant


@pytest.fixture
def add_run(workspace: Workspace) -> Callable[[Assistant], str]:
    """Puts a finished run with an adapter in an assistant's folder, as the worker leaves it."""

    def add(assistant: Assistant) -> str:
        runs = workspace.runs(assistant).folder
        folder = RunFolder(runs / f"run-{len(list(runs.glob('*'))) + 1}")
        folder.adapter.mkdir(parents=True)
        for name in ADAPTER_FILES:
            (folder.adapter / name).write_bytes(folder.path.name.encode())
        rows = {"train": training_rows(assistant, [EXAMPLE], None), "validation": []}
        settings = PRESETS["quick"].settled(1, 100)
        about = run_description(
            folder.path.name, datetime.now(UTC), assistant, [EXAMPLE], rows, settings, "", 100
        )
        write_json(folder.run, about)
        write_json(folder.done, {"stopped": False})
        return folder.path.name

    return add
