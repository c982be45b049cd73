"""The same run folder in two processes over gloo, as several GPUs would have it.

Everything here is slow: two processes import torch and trl, each for seconds.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from assistant.errors import TrainingError
from assistant.records import Assistant, Example
from assistant.runs import Run, Runs, TrainingSettings
from assistant.training.folder import RunFolder, read_json
from assistant.training.process import worker_command, worker_environment
from assistant.training.request import run_request

pytest.importorskip("torch")
pytest.importorskip("accelerate")

SECONDS = 500  # a hang is a failure
SETTINGS = TrainingSettings(
    epochs=4, learning_rate=1e-2, batch_size=4, rank=8, dropout=0.0, processes=2
)

# What a rank does beside training: it looks whether all ranks end with the same weights.
COMPARE = """
import sys
from pathlib import Path
from assistant.training import ranks, tuning
from assistant.training.folder import RunFolder

folder = RunFolder(Path(sys.argv[1]))
original = tuning.finish

def finish(preparation):
    original(preparation)
    trained = [one for one in preparation.trainer.model.parameters() if one.requires_grad]
    total = float(sum(one.detach().double().abs().sum() for one in trained))
    same = ranks.least(total) == -ranks.least(-total)
    if ranks.is_main():
        (folder.path / "same").write_text(f"{same} {len(trained)}")

tuning.finish = finish
tuning.tune(folder)
"""

# The second rank runs out of memory in the middle.
FAIL = """
import os, sys
from assistant.training.__main__ import main
from assistant.training.trainer import AnswerTrainer

original, calls = AnswerTrainer.compute_loss, []

def compute_loss(self, model, *rest, **more):
    if os.environ["RANK"] == "1" and model.training:
        calls.append(1)
        if len(calls) > 4:
            raise MemoryError
    return original(self, model, *rest, **more)

AnswerTrainer.compute_loss = compute_loss
sys.exit(main(sys.argv[1:]))
"""


# FSDP as torch has it; see docs/several-gpus.md for why accelerate has none on CPUs.
DIVIDE = """
import json, sys
from pathlib import Path
import torch
from peft import LoraConfig, get_peft_model
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from transformers import AutoModelForCausalLM
from assistant.training import ranks
from assistant.training.saving import save_adapter

folder = Path(sys.argv[1])
ranks.join(cpu=True)
ids = torch.arange(24).reshape(2, 12) + ranks.world_size()

def made():
    base = AutoModelForCausalLM.from_pretrained(
        json.loads((folder / "local.json").read_text())["model_folder"], dtype=torch.float32
    )
    torch.manual_seed(0)
    config = LoraConfig(
        r=8, target_modules="all-linear", task_type="CAUSAL_LM", init_lora_weights=False
    )
    return get_peft_model(base, config)

def trained(model, name):
    optimizer = torch.optim.SGD([one for one in model.parameters() if one.requires_grad], lr=1.0)
    loss = model(input_ids=ids, labels=ids).loss
    loss.backward()
    optimizer.step()
    save_adapter(model, folder / name, "builtin")
    return float(loss.detach())

losses = [trained(made(), "whole")]
model, mesh = made(), init_device_mesh("cpu", (ranks.world_size(),))
for layer in model.base_model.model.model.layers:
    fully_shard(layer, mesh=mesh)
fully_shard(model, mesh=mesh)
divided = [one.to_local().numel() / one.numel() for one in model.parameters()]
losses.append(trained(model, "divided"))
if ranks.is_main():
    (folder / "told").write_text(json.dumps({"losses": losses, "share": max(divided)}))
"""


@pytest.fixture
def ask(
    tmp_path: Path, tiny_model: Path, assistant: Assistant, examples: list[Example]
) -> Callable[..., RunFolder]:
    def asked(name: str, **changes: Any) -> RunFolder:
        folder = RunFolder(tmp_path / "runs" / name)
        folder.path.mkdir(parents=True)
        now = datetime(2026, 3, 4, tzinfo=UTC)
        settings = replace(SETTINGS, **changes)
        request = run_request(name, now, assistant, tiny_model, examples, settings)
        request.write(folder, tiny_model)
        return folder

    return asked


def together(folder: RunFolder, script: str = "", processes: int = 2, **more: str) -> int:
    """The exit code of the processes, with a script of their own where there is one."""
    command = worker_command(folder, processes)
    if script:
        path = folder.path / "script.py"
        path.write_text(script)
        at = command.index("-m", command.index("torch.distributed.run"))
        command[at : at + 2] = [str(path)]
    environment = {**worker_environment(processes), **more}
    with folder.log.open("ab") as log:
        ended = subprocess.run(
            command, cwd=folder.path, env=environment, stdout=log, stderr=log, timeout=SECONDS
        )
    return ended.returncode


def read(folder: RunFolder) -> Run:
    return Runs(folder.path.parent).get(folder.path.name)


@pytest.mark.slow
def test_two_processes_learn_what_one_does(ask: Callable[..., RunFolder]) -> None:
    from safetensors.torch import load_file

    alone, both = ask("alone", processes=1), ask("both")
    assert together(alone, processes=1) == 0, alone.log.read_text()
    assert together(both, COMPARE) == 0, both.log.read_text()
    assert (both.path / "same").read_text().startswith("True ")
    one, two = read(alone), read(both)
    assert (one.state, two.state, two.final["processes"]) == ("done", "done", 2)
    assert [step.step for step in two.steps] == [step.step for step in one.steps]
    losses = [step.loss for step in one.steps]
    assert [step.loss for step in two.steps] == pytest.approx(losses, rel=0.01)
    assert losses[-1] < losses[0]
    assert two.untrained_loss == pytest.approx(one.untrained_loss, rel=0.01)
    assert two.final["useful_tokens"] == one.final["useful_tokens"]
    weights, others = (
        load_file(folder.adapter / "adapter_model.safetensors") for folder in (alone, both)
    )
    difference = max(float((weights[name] - others[name]).abs().max()) for name in weights)
    assert difference < 0.02
    lines = both.progress.read_text().splitlines()
    assert len([line for line in lines if '"loss"' in line]) == len(two.steps)  # rank 0's alone


@pytest.mark.slow
def test_they_stop_together_and_go_on(ask: Callable[..., RunFolder]) -> None:
    whole, folder = ask("whole"), ask("parts")
    assert together(whole) == 0, whole.log.read_text()
    folder.stop.touch()
    assert together(folder) == 0, folder.log.read_text()
    stopped = read(folder)
    assert stopped.state == "stopped" and len(stopped.steps) == 1
    assert stopped.adapter is not None
    folder.stop.unlink()
    folder.done.unlink()
    assert together(folder) == 0, folder.log.read_text()
    losses = [step.loss for step in read(whole).steps]
    assert [step.loss for step in read(folder).steps] == pytest.approx(losses, rel=0.01)


@pytest.mark.slow
def test_one_that_fails_ends_all_with_its_sentence(ask: Callable[..., RunFolder]) -> None:
    folder = ask("failing")
    began = time.monotonic()
    assert together(folder, FAIL) != 0
    assert time.monotonic() - began < SECONDS - 20
    told = read_json(folder.error) or {}
    assert "ran out of memory" in told["error"], folder.log.read_text()
    assert told["type"] == "MemoryError" and not folder.done.exists()


@pytest.mark.slow
def test_an_adapter_that_is_divided_among_them_is_saved_whole(
    ask: Callable[..., RunFolder],
) -> None:
    from safetensors.torch import load_file

    folder = ask("divided")
    assert together(folder, DIVIDE) == 0, folder.log.read_text()
    told = read_json(folder.path / "told") or {}
    assert told["share"] < 0.51 and told["losses"][0] == pytest.approx(told["losses"][1], rel=1e-4)
    whole, divided = (
        load_file(folder.path / name / "adapter_model.safetensors") for name in ("whole", "divided")
    )
    assert whole.keys() == divided.keys() and len(whole) > 10
    for name, weight in whole.items():
        assert weight.float().numpy() == pytest.approx(divided[name].float().numpy(), abs=1e-2)


@pytest.mark.slow
def test_the_queue_starts_them(ask: Callable[..., RunFolder]) -> None:
    folder = ask("queued")
    runs = Runs(folder.path.parent)
    runs.resume("queued")
    deadline = time.monotonic() + SECONDS
    while runs.get("queued").pending:
        assert time.monotonic() < deadline, folder.log.read_text()
        time.sleep(0.2)
    run = runs.get("queued")
    assert (run.state, run.final.get("processes")) == ("done", 2), folder.log.read_text()


def test_a_batch_is_divided_or_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from assistant.training import ranks

    assert ranks.share_of_batch(6) == 6 and ranks.is_main()
    assert ranks.totals([2.0, 3.0]) == [2.0, 3.0] and ranks.least(4.0) == ranks.decided(4.0) == 4.0
    monkeypatch.setenv("WORLD_SIZE", "4")
    assert ranks.share_of_batch(8) == 2
    with pytest.raises(TrainingError, match="multiple of 4"):
        ranks.share_of_batch(6)


def test_one_process_is_started_without_the_launcher(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    assert "torch.distributed.run" not in worker_command(folder)
    assert worker_command(folder, 3)[1:3] == ["-m", "torch.distributed.run"]
    assert worker_command(folder)[0] == sys.executable
    assert "CUDA_VISIBLE_DEVICES" in worker_environment()
    given = os.environ.get("CUDA_VISIBLE_DEVICES")
    assert worker_environment(2).get("CUDA_VISIBLE_DEVICES") == given
