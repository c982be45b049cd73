"""The real worker process: a tiny model by default, the built-in one with --slow."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.errors import TrainingError
from assistant.records import Assistant, Example
from assistant.runs import Run, Runs, TrainingSettings
from assistant.training.__main__ import main, sentence
from assistant.training.folder import RunFolder, read_json

SECONDS = 400  # a hang is a failure; nothing here takes a tenth of it on an idle machine
QUICK = TrainingSettings(epochs=3, learning_rate=1e-2, batch_size=4)


def wait(runs: Runs, run: Run, until: Callable[[Run], bool] = lambda run: not run.live) -> Run:
    deadline = time.monotonic() + SECONDS
    while not until(runs.get(run.id)):
        assert time.monotonic() < deadline, (runs.folder / run.id / "worker.log").read_text()
        time.sleep(0.1)
    return runs.get(run.id)


def started(run: Run) -> bool:
    return bool(run.steps) or not run.live


@pytest.mark.slow  # a process that trains; test_tuning trains in this one
def test_a_run_from_start_to_adapter(
    tmp_path: Path, tiny_model: Path, assistant: Assistant, examples: Sequence[Example]
) -> None:
    """Also: whatever the current folder, whatever is in it, and with the base model's hash."""
    runs = Runs(tmp_path / "runs")
    run = wait(runs, runs.start(assistant, tiny_model, examples, QUICK))
    folder = RunFolder(runs.folder / run.id)
    log = folder.log.read_text()
    assert (run.state, run.error) == ("done", ""), log

    assert [step.step for step in run.steps] == list(range(1, 10))
    assert {step.total_steps for step in run.steps} == {9}
    assert run.steps[-1].seconds_left == 0
    assert run.steps[-1].loss < run.steps[0].loss
    assert all(step.tokens_per_second > 0 and step.seconds > 0 for step in run.steps)
    validated = [step.validation_loss for step in run.steps if step.validation_loss is not None]
    assert run.untrained_loss is not None and len(validated) >= 2

    assert run.adapter == folder.adapter
    assert sorted(path.name for path in folder.adapter.iterdir()) == [
        "adapter_config.json",
        "adapter_model.safetensors",
    ]
    config = json.loads((folder.adapter / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == "builtin"
    assert (config["r"], config["lora_alpha"]) == (16, 32)
    projections = {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}
    assert {name.rpartition(".")[2] for name in config["target_modules"]} == projections
    for shared in (folder.run, folder.done, folder.adapter / "adapter_config.json"):
        assert str(tmp_path) not in shared.read_text()
    assert len(run.base_sha256) == 64
    assert run.final["packed"] is True
    assert run.final["steps"] == 9 and run.final["useful_tokens"] > 0
    assert len(list(folder.checkpoints.iterdir())) == 2

    import torch
    from peft import PeftModel
    from safetensors.torch import load_file
    from transformers import AutoModelForCausalLM

    weights = load_file(folder.adapter / "adapter_model.safetensors")
    assert {tensor.dtype for tensor in weights.values()} == {torch.bfloat16}
    assert not [name for name in weights if "embed" in name or "lm_head" in name]
    base = AutoModelForCausalLM.from_pretrained(tiny_model)
    tuned = PeftModel.from_pretrained(base, str(folder.adapter))
    inputs = torch.tensor([[5, 6, 7]])
    with torch.no_grad(), tuned.disable_adapter():
        untouched = tuned(inputs).logits
    with torch.no_grad():
        assert not torch.allclose(tuned(inputs).logits, untouched)


@pytest.mark.slow
def test_killed_and_resumed_it_ends_where_it_would_have(
    tmp_path: Path, tiny_model: Path, assistant: Assistant, examples: Sequence[Example]
) -> None:
    settings = replace(QUICK, epochs=40, patience=0)
    asked = [replace(one, id=f"v{one.id}", split="validation") for one in examples[:12]]
    examples = [*examples, *asked]
    whole, killed = Runs(tmp_path / "whole"), Runs(tmp_path / "killed")
    expected = wait(whole, whole.start(assistant, tiny_model, examples, settings))
    run = killed.start(assistant, tiny_model, examples, settings)
    folder = RunFolder(killed.folder / run.id)
    wait(killed, run, lambda run: len(run.steps) >= 20 and folder.last_checkpoint() is not None)
    process = read_json(folder.process)
    assert process is not None
    os.kill(process["pid"], signal.SIGKILL)
    run = wait(killed, run)
    assert run.state == "interrupted"
    partial = folder.checkpoints / "checkpoint-9999"
    partial.mkdir()  # as a kill in the middle of saving leaves one
    with folder.progress.open("a") as file:
        file.write('{"step": 99')

    killed.resume(run.id)
    run = wait(killed, run)
    assert run.state == "done", folder.log.read_text()
    assert not partial.exists()
    assert [step.step for step in run.steps] == [step.step for step in expected.steps]
    losses = [step.loss for step in run.steps]
    assert losses == pytest.approx([step.loss for step in expected.steps], abs=2e-3)
    seconds = [step.seconds for step in run.steps]
    assert seconds == sorted(seconds)
    assert run.final["chosen_by"] == expected.final["chosen_by"] == "held-out fact recall"
    lost = expected.final["validation_loss"]
    assert run.final["validation_loss"] == pytest.approx(lost, abs=2e-3)
    assert not folder.best.exists()


@pytest.mark.slow
def test_stopped_it_saves_what_it_has_and_can_go_on(
    tmp_path: Path, tiny_model: Path, assistant: Assistant, examples: Sequence[Example]
) -> None:
    runs = Runs(tmp_path / "runs")
    settings = replace(QUICK, epochs=200, patience=0)
    run = runs.start(assistant, tiny_model, examples, settings)
    wait(runs, run, started)
    assert runs.stop(run.id).state in ("stopping", "stopped")
    stopped = wait(runs, run)
    assert stopped.state == "stopped"
    assert stopped.adapter is not None and runs.latest_usable() == stopped
    assert 0 < len(stopped.steps) < 600
    assert stopped.final["steps"] == len(stopped.steps)

    runs.resume(run.id)
    on = wait(runs, run, lambda one: len(one.steps) > len(stopped.steps) or not one.live)
    assert on.steps[: len(stopped.steps)] == stopped.steps
    runs.stop(run.id)
    assert wait(runs, run).state == "stopped"


@pytest.mark.slow
def test_a_loss_that_is_no_number_ends_it_with_a_sentence(
    tmp_path: Path, tiny_model: Path, assistant: Assistant, examples: Sequence[Example]
) -> None:
    from safetensors.torch import load_file, save_file

    broken = tmp_path / "model"
    shutil.copytree(tiny_model, broken)
    weights = load_file(broken / "model.safetensors")
    next(iter(weights.values())).fill_(float("nan"))
    save_file(weights, broken / "model.safetensors", metadata={"format": "pt"})
    runs = Runs(tmp_path / "runs")
    run = wait(runs, runs.start(assistant, broken, examples, QUICK))
    assert run.state == "failed"
    assert "stopped being a number" in run.error
    assert run.adapter is None


def test_a_missing_model_is_told(tmp_path: Path) -> None:
    """In this process: the sentence is what counts, and starting another costs seconds."""
    pytest.importorskip("torch")
    folder = RunFolder(tmp_path)
    about = {"settings": {}, "base_sha256": "", "base_model": "builtin"}
    folder.run.write_text(json.dumps(about))
    folder.local.write_text(json.dumps({"model_folder": str(tmp_path / "gone")}))
    assert main([str(tmp_path)]) == 1
    said = read_json(folder.error)
    assert said is not None and "base model is no longer in" in said["error"]


def test_usage() -> None:
    assert main([]) == 2


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (RuntimeError("CUDA out of memory. Tried to allocate"), "ran out of memory"),
        (
            RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"),
            "ran out of memory",
        ),
        (MemoryError(), "ran out of memory"),
        (OSError(errno.ENOSPC, "No space left on device"), "The disk is full"),
        (RuntimeError("I/O error: No space left on device (os error 28)"), "The disk is full"),
        (OSError(errno.EIO, "Input/output error"), "Input/output error"),
        (ImportError("No module named 'trl'"), "package that training needs is missing"),
        (KeyError("x"), "worker.log"),
        (TrainingError("It went wrong."), "It went wrong."),
    ],
)
def test_sentences(tmp_path: Path, error: Exception, said: str) -> None:
    folder = RunFolder(tmp_path)
    text = sentence(error, folder)
    assert said in text
    assert "Traceback" not in text and text[-1] == "."
    if not isinstance(error, TrainingError):
        assert "Nothing was saved yet" in text
        checkpoint = folder.checkpoints / "checkpoint-7"
        checkpoint.mkdir(parents=True)
        folder.mark_complete(checkpoint)
        assert "Step 7 is kept" in sentence(error, folder)
        folder.estimate_only.touch()
        estimated = sentence(error, folder)
        assert "nothing was trained" in estimated and "worker.log" not in estimated


@pytest.mark.slow
def test_the_built_in_model_learns_what_it_is_taught(
    tmp_path: Path, assistant: Assistant, examples: Sequence[Example]
) -> None:
    from assistant.generation import GenerationRequest
    from assistant.local_model import LocalBackend
    from assistant.models import resolve_model
    from assistant.prompts import question_messages
    from assistant.records import Decoding

    model = resolve_model("builtin", tmp_path / "models")
    runs = Runs(tmp_path / "runs")
    settings = TrainingSettings(
        epochs=14, learning_rate=1e-3, batch_size=4, question_dropout=0.0, patience=0
    )
    run = wait(runs, runs.start(assistant, model, examples, settings))
    assert run.state == "done", run.error
    assert run.steps[-1].loss < run.steps[0].loss / 2

    backend = LocalBackend(model)
    taught = [example for example in examples if example.split == "train"]

    def right(adapter: Path | None) -> int:
        """Exact answers, and no more than them: the model has learned to stop."""
        requests = [
            GenerationRequest(
                question_messages(assistant.system_prompt, example.question),
                Decoding(max_new_tokens=16),
                adapter,
            )
            for example in taught
        ]
        answers = [""] * len(taught)
        for piece in backend.generate(requests, threading.Event()):
            answers[piece.index] += piece.text
        pairs = zip(taught, answers, strict=True)
        return sum(example.answer == answer.strip() for example, answer in pairs)

    assert right(None) <= 2
    assert right(run.adapter) >= 8
