"""The files of a run, as they are after a kill at the worst moment."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from assistant.training.folder import RunFolder, read_json, write_json
from assistant.training.progress import ProgressReader, Step, append_progress


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path)


def step(number: int, loss: float = 1.0) -> Step:
    return Step(number, 10, number / 10, loss, None, 100.0, float(number), 1.0)


def checkpoint(folder: RunFolder, number: int, complete: bool = True) -> Path:
    path = folder.checkpoints / f"checkpoint-{number}"
    path.mkdir(parents=True)
    (path / "adapter_model.safetensors").write_text("x")
    if complete:
        folder.mark_complete(path)
    return path


def test_validation_losses_join_their_step(folder: RunFolder) -> None:
    append_progress(folder.progress, {"step": 0, "validation_loss": 3.0})
    append_progress(folder.progress, step(1))
    append_progress(folder.progress, step(2))
    append_progress(folder.progress, {"step": 2, "validation_loss": 2.0})
    progress = folder.read_progress()
    assert progress.untrained_loss == 3.0
    assert [one.validation_loss for one in progress.steps] == [None, 2.0]


def test_repeated_steps_count_once_and_later_ones_go(folder: RunFolder) -> None:
    for number in (1, 2, 3, 4):
        append_progress(folder.progress, step(number, loss=9.0))
    for number in (3,):
        append_progress(folder.progress, step(number, loss=1.0))
    assert [(one.step, one.loss) for one in folder.read_progress().steps] == [
        (1, 9.0),
        (2, 9.0),
        (3, 1.0),
    ]


def test_a_line_cut_short_is_passed_over(folder: RunFolder) -> None:
    append_progress(folder.progress, step(1))
    with folder.progress.open("a") as file:
        file.write('{"step": 2, "lo')
    assert [one.step for one in folder.read_progress().steps] == [1]


def test_a_reader_takes_up_what_was_added(folder: RunFolder) -> None:
    reader = ProgressReader(folder.progress)
    assert reader.read().steps == ()
    append_progress(folder.progress, step(1))
    assert [one.step for one in reader.read().steps] == [1]
    with folder.progress.open("a") as file:
        file.write('{"step": 2, "validation')
        file.flush()
        assert [one.step for one in reader.read().steps] == [1]
        file.write('_loss": 1.0}\n')
    append_progress(folder.progress, step(2))
    append_progress(folder.progress, {"step": 2, "validation_loss": 0.5})
    assert reader.read() == folder.read_progress()
    assert reader.read().steps[1].validation_loss == 0.5
    folder.progress.unlink()
    assert reader.read().steps == ()
    append_progress(folder.progress, step(1, loss=7.0))
    assert [one.loss for one in reader.read().steps] == [7.0]


def test_samples_and_notices(folder: RunFolder) -> None:
    def answered(text: str) -> dict[str, Any]:
        sample = {"question": "Which?", "reference": "Red.", "answer": text}
        return sample | {"held_out": True, "recalled": text == "Red."}

    append_progress(folder.progress, {"step": 0, "notice": "Halved."})
    append_progress(folder.progress, {"step": 0, "validation_loss": 3.0, "held_out_recall": 0.0})
    append_progress(folder.progress, {"step": 0, "samples": [answered("Blue.")]})
    append_progress(folder.progress, step(1))
    append_progress(folder.progress, {"step": 1, "validation_loss": 2.0, "held_out_recall": 0.5})
    append_progress(folder.progress, {"step": 1, "samples": [answered("Red.")]})
    found = folder.read_progress()
    assert (found.untrained_recall, found.steps[0].held_out_recall) == (0.0, 0.5)
    assert [(s.step, s.answer, s.recalled) for s in found.samples] == [
        (0, "Blue.", False),
        (1, "Red.", True),
    ]
    assert found.notices == ("Halved.",)

    append_progress(folder.progress, step(1))  # resumed before it
    again = folder.read_progress()
    assert [sample.step for sample in again.samples] == [0]
    assert again.steps[0].held_out_recall is None and again.notices == ("Halved.",)


def test_no_progress_yet(folder: RunFolder) -> None:
    assert folder.read_progress().steps == ()


def test_the_last_whole_checkpoint_is_taken(folder: RunFolder) -> None:
    assert folder.last_checkpoint() is None
    checkpoint(folder, 9)
    whole = checkpoint(folder, 20)
    partial = checkpoint(folder, 30, complete=False)
    assert folder.last_checkpoint() == whole
    folder.drop_incomplete_checkpoints()
    assert not partial.exists()
    assert whole.exists()


def test_an_adapter_is_usable_when_both_its_files_are_there(folder: RunFolder) -> None:
    folder.adapter.mkdir()
    (folder.adapter / "adapter_config.json").write_text("{}")
    assert folder.usable_adapter() is None
    (folder.adapter / "adapter_model.safetensors").write_text("x")
    assert folder.usable_adapter() == folder.adapter


def test_json_is_written_whole(folder: RunFolder) -> None:
    path = folder.path / "a.json"
    assert read_json(path) is None
    write_json(path, {"a": "é"})
    assert read_json(path) == {"a": "é"}
    assert json.loads(path.read_text(encoding="utf-8")) == {"a": "é"}
    assert [p.name for p in folder.path.iterdir()] == ["a.json"]
