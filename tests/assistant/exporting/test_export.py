"""Exports: whole or not at all, and held against the app's own answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.errors import ExportError
from assistant.exporting import export as exporting
from assistant.exporting.export import Export, Form, export_run
from assistant.generation import Backend, GenerationRequest, ScriptedBackend
from assistant.records import Assistant, Example
from assistant.runs import Run
from assistant.workspace import Workspace

QUESTIONS = [Example(f"e{n}", f"Question {n}?", "1.85", "written", "train") for n in range(12)] + [
    Example("r", "A test question?", "1.85", "written", "recall")
]


@pytest.fixture
def run(workspace: Workspace, kettle: Assistant, add_run: Callable[[Assistant], str]) -> Run:
    return workspace.runs(kettle).get(add_run(kettle))


@pytest.fixture
def export(
    workspace: Workspace, kettle: Assistant, run: Run, tmp_path: Path
) -> Callable[..., Export]:
    def made(
        backend_for: Callable[[Path], Backend],
        examples: Sequence[Example] = QUESTIONS,
        exported: Run = run,
        form: Form = "adapter",
    ) -> Export:
        run_json = workspace.runs(kettle).folder / run.id / "run.json"
        base = tmp_path / "base"
        base.mkdir(exist_ok=True)
        return export_run(
            kettle,
            exported,
            run_json,
            base,
            form,
            tmp_path / "out",
            backend_for=backend_for,
            examples=examples,
            scores={"recall": {"fact_recall": (0.76, 102)}},
        )

    return made


def test_an_adapter_comes_with_its_card_and_is_asked_ten_questions(
    export: Callable[..., Export], tmp_path: Path
) -> None:
    backend = ScriptedBackend(lambda request: request.messages[-1].content)
    made = export(lambda folder: backend)
    assert {name for name, _ in made.files} == {
        "README.md",
        "adapter_config.json",
        "adapter_model.safetensors",
    }
    assert len(made.checked) == 10 and all(one.equal for one in made.checked)
    assert "A test question?" not in [one.question for one in made.checked]
    assert all(request.adapter is not None for request in backend.requests)
    card = (tmp_path / "out" / "README.md").read_text()
    assert (
        "library_name: peft" in card
        and "license: apache-2.0" in card
        and "SmolLM2-135M-Instruct" in card
    )
    assert "| recall | fact_recall | 0.760 | 102 |" in card


def test_a_merged_model_is_no_adapter_on_its_card(
    export: Callable[..., Export], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "write_merged", lambda *_: None)
    export(lambda folder: ScriptedBackend(lambda _: "1.85"), form="merged")
    assert "library_name: transformers" in (tmp_path / "out" / "README.md").read_text()


def test_a_difference_is_shown(export: Callable[..., Export], run: Run) -> None:
    def reply(request: GenerationRequest) -> str:
        own = request.adapter is not None and request.adapter == run.adapter
        return "as tuned" if own else "otherwise"

    made = export(lambda folder: ScriptedBackend(reply))
    assert [(one.app, one.export, one.equal) for one in made.checked] == [
        ("as tuned", "otherwise", False)
    ] * 10


def test_without_training_questions_that_is_said(export: Callable[..., Export]) -> None:
    made = export(lambda folder: ScriptedBackend(lambda request: ""), examples=[])
    assert made.checked == () and "no training questions" in made.unchecked


def test_a_folder_that_is_there_is_left_alone(
    export: Callable[..., Export], tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(ExportError, match="left alone"):
        export(lambda folder: ScriptedBackend(lambda request: ""))


def test_a_run_without_weights_is_refused(export: Callable[..., Export], run: Run) -> None:
    with pytest.raises(ExportError, match="no tuned weights"):
        export(
            lambda folder: ScriptedBackend(lambda request: ""), exported=replace(run, adapter=None)
        )


def test_a_failure_leaves_nothing(export: Callable[..., Export], tmp_path: Path) -> None:
    def full(folder: Path) -> Backend:
        raise OSError(28, "No space left on device")

    with pytest.raises(ExportError, match="nothing was left there"):
        export(full)
    assert [path.name for path in tmp_path.iterdir() if "out" in path.name] == []


@pytest.mark.slow
@pytest.mark.parametrize("form", ["merged", "gguf"])
def test_the_sample_s_model_answers_the_same_once_exported(
    form: Form, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    from assistant.local_model import LocalBackend
    from assistant.models import resolve_model
    from assistant.sample import make_sample
    from assistant.settings import Settings
    from retrieval.embedder import HashingEmbedder

    home = tmp_path / "home"
    settings = Settings(home, f"sqlite:///{home / 'duet.db'}")
    opened = Workspace.open(settings, embedder_for=lambda name: HashingEmbedder())
    assistant = make_sample(opened, lambda stage, share: None)
    (run,) = opened.runs(assistant).list()
    made = export_run(
        assistant,
        run,
        opened.runs(assistant).folder / run.id / "run.json",
        resolve_model(assistant.base_model, settings.models),
        form,
        tmp_path / "out",
        backend_for=lambda folder: LocalBackend(folder, dtype="float32"),
        examples=opened.store.examples(assistant.id, "train"),
    )
    opened.close()
    assert len(made.checked) == 10
    # Merged weights are rounded to bfloat16, which may turn a word; all ten were equal when made.
    assert sum(one.equal for one in made.checked) >= 9
