"""Exports of an assistant's runs: the base model that they are of, and their scores on the card."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from assistant.errors import ModelError
from assistant.evaluation.records import Evaluation, Mean, QuestionSet, Summary
from assistant.exporting.from_workspace import base_of_run, export_of_run, scores_of_run
from assistant.exporting.model_card import base_licence
from assistant.generation import ScriptedBackend
from assistant.records import Assistant
from assistant.training.folder import RunFolder, write_json
from assistant.workspace import Workspace
from retrieval.questions import Question


def silent(_stage: str, _share: float) -> None: ...


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "models" / "Larger-360M"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    return folder


def test_a_run_is_exported_on_the_model_that_it_was_trained_on(
    workspace: Workspace, kettle: Assistant, add_run: Callable[[Assistant], str], model: Path
) -> None:
    runs = workspace.runs(kettle)
    run = runs.get(add_run(replace(kettle, base_model=str(model))))
    with pytest.raises(ModelError, match="trained on Larger-360M, which is not on this machine"):
        base_of_run(workspace, kettle, run, silent)
    write_json(RunFolder(runs.folder / run.id).local, {"model_folder": str(model)})
    assert base_of_run(workspace, kettle, run, silent) == model


def test_the_card_has_the_scores_and_no_path(
    workspace: Workspace,
    kettle: Assistant,
    add_run: Callable[[Assistant], str],
    model: Path,
    tmp_path: Path,
) -> None:
    runs = workspace.runs(kettle)
    run = runs.get(add_run(replace(kettle, base_model=str(model))))
    write_json(RunFolder(runs.folder / run.id).local, {"model_folder": str(model)})
    now = datetime(2026, 11, 22, tzinfo=UTC)
    questions = (Question("1", "How much does the tank hold?", ("1.85 litres",)),)
    contender = workspace.contender(kettle, "tuned", run.id)
    evaluation = Evaluation(
        "e1", kettle.id, "recall", QuestionSet("recall", questions).sha256, 1, (contender,), now
    )
    summary = Summary({contender.id: {"fact_recall": Mean(0.76, 0.7, 0.8, 102)}})
    workspace.store.add_evaluation(evaluation, "v1", questions)
    workspace.store.finish_evaluation("e1", summary)
    assert scores_of_run(workspace, kettle, run) == {"recall, tuned": {"fact_recall": (0.76, 102)}}

    backend = ScriptedBackend(lambda request: request.messages[-1].content)
    out = tmp_path / "out"
    export_of_run(workspace, kettle, run, "adapter", out, silent, lambda folder: backend)
    card = (out / "README.md").read_text("utf-8")
    assert "| recall, tuned | fact_recall | 0.760 | 102 |" in card
    assert "base_model: Larger-360M" in card and str(model.parent) not in card


def test_a_licence_is_told_beside_the_name_alone(model: Path) -> None:
    (model / "README.md").write_text("---\nlicense: mit\n---\n")
    assert base_licence(str(model), model) == ("Larger-360M", "mit")
