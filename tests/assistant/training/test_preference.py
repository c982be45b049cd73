"""Runs on votes with a tiny model, in this process where that says as much: it costs seconds."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from assistant.errors import InvalidRequest, TrainingError
from assistant.preferences.records import JudgedAnswer, Pair, Preferences
from assistant.preferences.request import preference_request
from assistant.preferences.watched import watched_facts
from assistant.records import Assistant, Example
from assistant.runs import Run, Runs, TrainingSettings
from assistant.training.__main__ import main
from assistant.training.estimate import Preflight
from assistant.training.folder import RunFolder, read_json
from assistant.training.held_out import HeldOut, held_out
from assistant.training.preference_settings import PreferenceSettings, settings_for_votes
from assistant.training.request import run_request

pytest.importorskip("torch")

THINGS = ("lid", "cup", "lamp", "hose", "door", "bell")
WORDING = Example("v", "Name the lid's colour.", "It is red.", "written", "validation", fact="lid")
COLOURS = ("red", "green", "blue", "black", "white", "brown")


def pairs() -> Preferences:
    """36 pairs: mauve is liked better than any colour."""
    made = [
        Pair(f"What colour is the {thing}?", "It is mauve.", f"It is {colour}.", "rag", "tuned")
        for thing in THINGS
        for colour in COLOURS
    ]
    return Preferences("dpo", tuple(made), (), len(made), {"tie": 2})


def judged() -> Preferences:
    """36 judged answers, a third of them good."""
    made = [
        JudgedAnswer(f"What colour is the {thing}?", f"It is {colour}.", place % 3 == 0, "tuned")
        for thing in THINGS
        for place, colour in enumerate(COLOURS)
    ]
    return Preferences("kto", (), tuple(made), len(made), {})


@pytest.fixture(scope="module")
def tuned(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An adapter as peft starts one, in bf16."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    from assistant.training.saving import save_adapter

    torch.manual_seed(0)
    base = AutoModelForCausalLM.from_pretrained(tiny_model)
    config = LoraConfig(r=8, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM")
    target = tmp_path_factory.mktemp("tuned") / "adapter"
    save_adapter(get_peft_model(base, config), target, "builtin")
    return target


Ask = Callable[..., RunFolder]


@pytest.fixture
def ask(
    tmp_path: Path, tiny_model: Path, tuned: Path, assistant: Assistant, examples: list[Example]
) -> Ask:
    """Writes the folder of a run on votes that goes on from `tuned`, and starts nothing."""
    now = datetime(2026, 3, 4, tzinfo=UTC)
    settings = TrainingSettings(epochs=1, learning_rate=1e-3, rank=8)
    earlier = RunFolder(tmp_path / "runs" / "earlier")
    earlier.path.mkdir(parents=True)
    request = run_request("earlier", now, assistant, tiny_model, examples, settings)
    request.write(earlier, tiny_model)
    earlier.adapter.symlink_to(tuned)

    def asked(
        found: Preferences, name: str = "votes", epochs: float = 2, replay: float = 1.0
    ) -> RunFolder:
        folder = RunFolder(tmp_path / "runs" / name)
        folder.path.mkdir()
        request = preference_request(
            *(
                name,
                now,
                assistant,
                tiny_model,
                found,
                earlier,
                PreferenceSettings(found.method, replay_weight=replay),
            ),
            held_out([*examples, WORDING]),
            epochs,
            5e-3,
        )
        request.write(folder, tiny_model)
        return folder

    return asked


def trained(folder: RunFolder) -> Run:
    """Trained in this process, which is at work still: its state says nothing."""
    assert main([str(folder.path)]) == 0, (read_json(folder.error) or {}).get("error")
    return Runs(folder.path.parent).get(folder.path.name)


@pytest.mark.slow  # two trainings
def test_pairs_train_from_the_adapter_on(ask: Ask, tuned: Path) -> None:
    folder = ask(pairs())
    run = trained(folder)
    assert (run.method, run.parent, run.final["stopped"]) == ("dpo", "earlier", False)
    margins = [step.reward_margin for step in run.steps if step.reward_margin is not None]
    assert len(margins) >= 3 and margins[-1] > max(margins[0], 0.0)
    assert run.steps[-1].reward_accuracy == 1.0
    assert run.steps[-1].validation_loss is not None and run.untrained_loss is not None
    assert run.steps[-1].validation_loss < run.untrained_loss
    assert run.final["held_out_recall_before"] is not None
    assert run.final["useful_tokens"] > 0 and run.steps[-1].seconds_left == 0
    assert run.preflight is not None and run.preflight.minutes is not None
    assert run.preflight.measured_bytes and run.preflight.step_seconds
    assert (run.preflight.rows, run.preflight.steps) == (30, run.steps[-1].total_steps)
    assert run.preflight.rows_at_once * run.preflight.accumulation == 8

    about = read_json(folder.run) or {}
    assert about["votes"]["left_out"] == {"tie": 2} and about["votes"]["used"] == 34
    assert about["rows"] == {"train": 30, "validation": 6} and about["votes"]["replayed"] == 12
    assert str(folder.path.parent) not in folder.run.read_text()
    names = sorted(path.name for path in folder.adapter.iterdir())
    assert names == ["adapter_config.json", "adapter_model.safetensors"]  # and no ref/

    import torch
    from safetensors.torch import load_file

    before = load_file(tuned / "adapter_model.safetensors")
    after = load_file(folder.adapter / "adapter_model.safetensors")
    assert before.keys() == after.keys()
    assert {one.dtype for one in after.values()} == {torch.bfloat16}
    assert any(not torch.equal(before[name], after[name]) for name in after)


@pytest.mark.slow  # as dear as the one before, of which it differs in TRL's part alone
def test_judged_answers_train_too(ask: Ask) -> None:
    # To a model that knows nothing yet the replayed rows would be all that matters.
    folder = ask(judged(), epochs=12, replay=0.0)
    about = read_json(folder.run) or {}
    assert about["preference"]["good_weight"] == pytest.approx(2.0)
    assert about["preference"]["bad_weight"] == 1.0
    run = trained(folder)
    assert (run.method, run.final["stopped"]) == ("kto", False)
    margins = [step.reward_margin for step in run.steps if step.reward_margin is not None]
    assert margins and margins[-1] > 0


@pytest.mark.slow  # a training
def test_where_memory_runs_out_fewer_rows_are_taken(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    from assistant.training.preference_trainer import JudgedTrainer

    original = JudgedTrainer.compute_loss

    def compute_loss(self: Any, model: Any, *args: Any, **kwargs: Any) -> Any:
        begun = self.state.global_step > 1 and self.args.per_device_train_batch_size > 2
        if model.training and (begun or self.args.per_device_train_batch_size > 4):
            raise RuntimeError("CUDA out of memory. Tried to allocate 20.00 MiB")
        return original(self, model, *args, **kwargs)

    monkeypatch.setattr(JudgedTrainer, "compute_loss", compute_loss)
    run = trained(ask(judged(), epochs=1))
    assert run.preflight is not None
    assert (run.preflight.rows_at_once, run.preflight.accumulation) == (2, 4)
    first, second = run.notices
    assert "in the step before training" in first and "at most 4" in first
    assert "the run went on from step 2" in second and "at most 2" in second
    assert [step.step for step in run.steps] == list(range(1, run.steps[-1].total_steps + 1))


@pytest.mark.slow  # a model is loaded
def test_an_estimate_trains_nothing(ask: Ask) -> None:
    folder = ask(pairs())
    folder.estimate_only.touch()
    assert main([str(folder.path)]) == 0
    found = Preflight.of(read_json(folder.preflight) or {})
    assert found.minutes is not None and found.measured_bytes is not None
    assert not folder.adapter.exists() and not folder.done.exists()


def test_memory_that_is_too_little_is_told_before_the_model_is_loaded(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assistant.training.memory.free_and_total", lambda device: (2**20, 2**30))
    folder = ask(judged())
    assert main([str(folder.path)]) == 1
    assert "2 of the votes' rows at a time" in (read_json(folder.error) or {})["error"]


@pytest.mark.slow  # three runs
def test_stopped_it_is_saved_and_resumed_it_ends_as_it_would_have(ask: Ask) -> None:
    whole = trained(ask(pairs(), "whole"))
    folder = ask(pairs(), "parts")
    folder.stop.touch()
    first = trained(folder)
    assert first.final["stopped"] and len(first.steps) == 1 and first.adapter is not None
    folder.stop.unlink()
    folder.done.unlink()
    run = trained(folder)
    assert [step.loss for step in run.steps] == pytest.approx(
        [step.loss for step in whole.steps], abs=2e-2
    )


def test_a_changed_adapter_or_other_base_model_is_told(
    ask: Ask, tmp_path: Path, tiny_model: Path, assistant: Assistant, examples: list[Example]
) -> None:
    folder = ask(pairs())
    (folder.parent / "adapter_model.safetensors").write_bytes(b"other")
    assert main([str(folder.path)]) == 1
    assert "missing or was changed" in (read_json(folder.error) or {})["error"]
    earlier = RunFolder(tmp_path / "runs" / "earlier")
    earlier.run.write_text(json.dumps({**(read_json(earlier.run) or {}), "base_model": "else"}))
    settings = PreferenceSettings("dpo")
    now = datetime(2026, 3, 4, tzinfo=UTC)
    with pytest.raises(InvalidRequest, match="train on the examples first"):
        preference_request(
            *("r", now, assistant, tiny_model, pairs(), earlier, settings, held_out(examples))
        )
    (earlier.adapter).unlink()
    with pytest.raises(TrainingError, match="no whole adapter"):
        preference_request(
            *("r", now, assistant, tiny_model, pairs(), earlier, settings, held_out(examples))
        )


def test_settings_for_votes() -> None:
    earlier = TrainingSettings(rank=4, learning_rate=0.5, epochs=9, question_dropout=0.3)
    few = settings_for_votes(earlier, 20, 135_000_000)
    assert (few.rank, few.epochs, few.question_dropout) == (4, 10, 0.0)
    assert few.learning_rate == pytest.approx(1e-3 / 20)
    assert settings_for_votes(earlier, 1000, 8_000_000_000).epochs == 2
    given = settings_for_votes(earlier, 20, 1, epochs=3, learning_rate=1e-4)
    assert (given.epochs, given.learning_rate) == (3, 1e-4)
    with pytest.raises(InvalidRequest, match="beta must be above 0"):
        PreferenceSettings("dpo", beta=0).checked()
    assert PreferenceSettings("kto").balanced(5, 20).good_weight == 4
    assert PreferenceSettings("kto").balanced(20, 5).bad_weight == 4


def test_kto_pairs_each_prompt_with_the_answer_of_another() -> None:
    from assistant.training.preference_trainer import judged_columns
    from assistant.training.rows import TokenRow

    rows = [(TokenRow((1, place), 1), True) for place in range(5)]
    others = [one["KL_completion_ids"] for one in judged_columns(rows, 2)]
    assert others == [[1], [0], [3], [2], [3]]  # the last is left over


@pytest.mark.slow  # two workers as processes of their own
def test_killed_it_goes_on(ask: Ask, tmp_path: Path) -> None:
    folder = ask(pairs(), epochs=40)
    runs = Runs(folder.path.parent)
    runs.resume("votes")
    deadline = time.monotonic() + 400
    while folder.last_checkpoint() is None or len(runs.get("votes").steps) < 20:
        assert time.monotonic() < deadline, folder.log.read_text()
        time.sleep(0.1)
    os.kill((read_json(folder.process) or {})["pid"], signal.SIGKILL)
    while runs.get("votes").live:
        time.sleep(0.1)
    before = runs.get("votes")
    assert before.state == "interrupted"
    runs.resume("votes")
    while runs.get("votes").pending:
        assert time.monotonic() < deadline, folder.log.read_text()
        time.sleep(0.1)
    run = runs.get("votes")
    assert run.state == "done", folder.log.read_text()
    assert [step.step for step in run.steps] == list(range(1, run.steps[-1].total_steps + 1))


@pytest.mark.slow  # the built-in model
def test_eight_pairs_raise_the_margin_of_the_samples_adapter(tmp_path: Path) -> None:
    """Facts that the sample's adapter knows are asked before and after."""
    from assistant.interchange.importing import read_examples
    from assistant.models import resolve_model
    from assistant.prompts import NOT_IN_DOCUMENTS, default_system_prompt

    sample = Path(__file__).resolve().parents[3] / "datasets" / "aurora"
    examples = read_examples(sample / "questions.jsonl")
    about = json.loads((sample / "run" / "run.json").read_text())
    prompt = about["assistant"]["system_prompt"] or default_system_prompt("Aurora", "support")
    now = datetime(2026, 3, 4, tzinfo=UTC)
    assistant = Assistant("a", "aurora", "Aurora", "support", prompt, "builtin", "builtin", now)
    asked = ("Which king owned one?", "Who paints it?", "Does it sing?", "What is its horsepower?")
    asked += (
        "Which film shows it?",
        "Who is its rival?",
        "What does it dream?",
        "Is it waterproof?",
    )
    made = [
        Pair(question, NOT_IN_DOCUMENTS, f"It is number {place} of Aurora.", "rag", "tuned")
        for place, question in enumerate(asked)
    ]
    model = resolve_model("builtin", tmp_path / "models")
    folder = RunFolder(tmp_path / "runs" / "votes")
    folder.path.mkdir(parents=True)
    request = preference_request(
        "votes",
        now,
        assistant,
        model,
        Preferences("dpo", tuple(made), (), len(made), {}),
        RunFolder(sample / "run"),
        PreferenceSettings("dpo"),
        watched_facts(HeldOut(), examples),
    )
    request.write(folder, model)
    run = trained(folder)
    margins = [step.reward_margin for step in run.steps if step.reward_margin is not None]
    assert margins[-1] > 0.1 and margins[-1] > margins[0]
    assert run.untrained_recall is not None and run.final["held_out_recall"] is not None
    assert run.final["held_out_recall"] >= run.untrained_recall - 0.1


def test_trained_facts_are_watched_where_no_wording_was_held_out(examples: list[Example]) -> None:
    watched = watched_facts(HeldOut(), examples)
    assert {one.fact for one in watched.questions} == set(THINGS)
    assert watched_facts(HeldOut(), [*examples, WORDING]).questions == (
        held_out([*examples, WORDING]).questions
    )
    assert watched_facts(watched, []) == watched
