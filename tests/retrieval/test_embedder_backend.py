"""The choice among backends, with models that take a given time."""

from __future__ import annotations

import json
import logging
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from retrieval.embedder_backend import fastest, installed_backends

SECONDS = {"torch": 0.006, "onnx": 0.001, "openvino": 0.003}


class Timed:
    """A model that sleeps, and answers with the same vectors unless told otherwise."""

    device = "cpu"

    def __init__(self, seconds: float, turned: bool = False) -> None:
        self.seconds = seconds
        self._turned = turned

    def encode(
        self, texts: list[str], /, *, prompt: str, batch_size: int, show_progress_bar: bool
    ) -> Any:
        time.sleep(self.seconds)
        vectors = np.eye(len(texts), 8, dtype=np.float32) + 0.1
        return -vectors if self._turned else vectors


class Loader:
    """Notes what was loaded; fails for what is named in `broken`."""

    def __init__(self, broken: tuple[str, ...] = (), turned: tuple[str, ...] = ()) -> None:
        self.loaded: list[str] = []
        self._broken, self._turned = broken, turned

    def __call__(self, backend: str) -> Timed:
        self.loaded.append(backend)
        if backend in self._broken:
            raise RuntimeError(f"no {backend} here")
        return Timed(SECONDS[backend], backend in self._turned)


def chosen(load: Loader, others: list[str], notes: Path | None = None) -> float:
    model = fastest(load, others, notes, "model@1")
    assert isinstance(model, Timed)
    return model.seconds


def test_the_fastest_is_taken_and_noted(tmp_path: Path) -> None:
    notes = tmp_path / "backends.json"
    assert chosen(Loader(), ["onnx", "openvino"], notes) == SECONDS["onnx"]
    again = Loader()
    assert chosen(again, ["onnx", "openvino"], notes) == SECONDS["onnx"]
    assert again.loaded == ["onnx"]
    assert json.loads(notes.read_text("utf-8")) == {"model@1 among onnx, openvino": "onnx"}
    assert [path.name for path in tmp_path.iterdir()] == ["backends.json"]


def test_nothing_is_measured_where_nothing_else_is_installed(tmp_path: Path) -> None:
    load = Loader()
    assert chosen(load, [], tmp_path / "backends.json") == SECONDS["torch"]
    assert load.loaded == ["torch"]
    assert list(tmp_path.iterdir()) == []


def test_a_broken_backend_is_passed_over(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert chosen(Loader(broken=("onnx",)), ["onnx", "openvino"]) == SECONDS["openvino"]
    assert "The backend onnx is not used (no onnx here)." in caplog.text


def test_other_vectors_are_not_taken(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert chosen(Loader(turned=("onnx",)), ["onnx"]) == SECONDS["torch"]
    assert "its vectors are others" in caplog.text


def test_a_noted_backend_that_is_broken_since_is_measured_anew(tmp_path: Path) -> None:
    notes = tmp_path / "backends.json"
    chosen(Loader(), ["onnx", "openvino"], notes)
    assert chosen(Loader(broken=("onnx",)), ["onnx", "openvino"], notes) == SECONDS["openvino"]
    assert chosen(again := Loader(), ["onnx", "openvino"], notes) == SECONDS["openvino"]
    assert again.loaded == ["openvino"]


def test_damaged_notes_and_a_folder_that_is_not_there_cost_a_measurement(tmp_path: Path) -> None:
    notes = tmp_path / "backends.json"
    notes.write_text("{no json", encoding="utf-8")
    assert chosen(Loader(), ["onnx"], notes) == SECONDS["onnx"]
    assert chosen(Loader(), ["onnx"], tmp_path / "missing" / "backends.json") == SECONDS["onnx"]


def test_pytorch_that_cannot_be_loaded_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="no torch here"):
        fastest(Loader(broken=("torch",)), ["onnx"], None, "model@1")


def test_what_is_installed_is_told_without_importing_it() -> None:
    assert set(installed_backends()) <= {"onnx", "openvino"}
