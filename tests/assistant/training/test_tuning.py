"""The worker's work in this process, on a model of a few thousand weights.

Each training takes one to two seconds, so that those which two or more are compared for are slow.
"""

from __future__ import annotations

import errno
import json
import math
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from assistant.errors import TrainingError
from assistant.records import Assistant, Example
from assistant.training.__main__ import main
from assistant.training.folder import RunFolder, read_json, read_rows
from assistant.training.general import REQUESTS
from assistant.training.request import run_request
from assistant.training.setting_fields import FIELD_BY_NAME
from assistant.training.settings import TrainingSettings

torch = pytest.importorskip("torch")

SETTINGS = TrainingSettings(epochs=4, learning_rate=1e-2, batch_size=4)
Make = Callable[..., RunFolder]


@pytest.fixture(autouse=True)
def one_thread(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def make(tmp_path: Path, tiny_model: Path, assistant: Assistant, examples: list[Example]) -> Make:
    """Writes a run's folder; twelve more validation questions make its recall count."""
    asked = [
        replace(one, id=f"v{one.id}", question=f"Say it: {one.question}", split="validation")
        for one in examples[:12]
    ]

    def made(
        settings: TrainingSettings = SETTINGS,
        model: Path = tiny_model,
        given: Sequence[Example] | None = None,
        name: str = "run",
    ) -> RunFolder:
        folder = RunFolder(tmp_path / name)
        folder.path.mkdir()
        given = [*examples, *asked] if given is None else given
        now = datetime.now(UTC)
        run_request("r", now, assistant, model, given, settings).write(folder, model)
        return folder

    return made


def train(folder: RunFolder) -> dict[str, Any]:
    assert main([str(folder.path)]) == 0, read_json(folder.error)
    done = read_json(folder.done)
    assert done is not None
    return done


def sentence(folder: RunFolder) -> str:
    assert main([str(folder.path)]) == 1
    said = read_json(folder.error)
    assert said is not None
    return str(said["error"])


def losses(folder: RunFolder) -> list[float]:
    return [step.loss for step in folder.read_progress().steps]


def copied(model: Path, target: Path, **changes: dict[str, Any]) -> Path:
    """A copy of a model with changed JSON files; None takes a key away."""
    shutil.copytree(model, target)
    for name, values in changes.items():
        path = target / f"{name}.json"
        content = json.loads(path.read_text()) | values
        kept = {key: value for key, value in content.items() if value is not None}
        path.write_text(json.dumps(kept))
    return target


def test_the_preflight_measures_and_changes_nothing(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    from assistant.training import tuning

    settings = replace(SETTINGS, dropout=0.1, neftune_alpha=5.0, epochs=2)
    measured = make(settings, name="measured")
    train(measured)
    found = read_json(measured.preflight)
    assert found is not None
    assert found["measured_bytes"] > 0 and found["step_seconds"] > 0 and found["minutes"] > 0
    assert (found["steps"], found["rows_at_once"], found["accumulation"]) == (6, 4, 1)
    monkeypatch.setattr(tuning, "measured", lambda preparation: preparation)
    plain = make(settings, name="plain")
    train(plain)
    assert losses(plain) == losses(measured)
    assert (read_json(plain.preflight) or {})["minutes"] is None


def test_only_estimated_nothing_is_trained(make: Make) -> None:
    folder = make()
    folder.estimate_only.touch()
    assert main([str(folder.path)]) == 0
    assert (read_json(folder.preflight) or {})["minutes"] > 0
    assert not folder.adapter.exists() and not folder.progress.exists()


def scripted(monkeypatch: pytest.MonkeyPatch, recalls: Sequence[float]) -> None:
    from assistant.training.sampling import Asker

    left = iter(recalls)
    monkeypatch.setattr(Asker, "ask", lambda *given: (next(left), []))


def test_the_best_adapter_is_kept_and_patience_ends_the_run(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    from assistant.training import preparing, saving

    scripted(monkeypatch, [0.0, 0.2, 0.9, 0.4, 0.4, 0.4, 0.4])
    monkeypatch.setattr(preparing, "evaluation_interval", lambda *given: 2)
    monkeypatch.setattr(saving, "save_adapter", counted := Counted(saving.save_adapter))
    folder = make(replace(SETTINGS, epochs=5, patience=2))
    done = train(folder)
    assert done["chosen_by"] == "held-out fact recall"
    assert (done["held_out_recall"], done["stopped_early"], done["stopped"]) == (0.9, True, False)
    steps = folder.read_progress().steps
    recalls = {s.step: s.held_out_recall for s in steps if s.held_out_recall is not None}
    assert list(recalls.values()) == [0.2, 0.9, 0.4, 0.4]
    assert (done["step"], done["steps"], steps[-1].total_steps) == (4, 8, 15)
    assert counted.returned[-1] == done["adapter_sha256"] and len(counted.returned) == 2
    assert not folder.best.exists()
    assert sorted(path.name for path in folder.adapter.iterdir()) == [
        "adapter_config.json",
        "adapter_model.safetensors",
    ]


class Counted:
    """A function that remembers what it returned."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function, self.returned = function, list[Any]()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.returned.append(self.function(*args, **kwargs))
        return self.returned[-1]


@pytest.mark.slow
def test_what_decides_where_few_questions_can(make: Make, examples: list[Example]) -> None:
    trained = [example for example in examples if example.split == "train"]
    known = [replace(one, id=f"v{one.id}", split="validation") for one in trained[:4]]
    done = train(make(replace(SETTINGS, epochs=2), given=[*trained, *known], name="few"))
    assert done["chosen_by"] == "validation loss" and done["validation_loss"] > 0

    done = train(make(given=examples, name="foreign"))  # validation rows of no trained fact
    assert (done["chosen_by"], done["step"]) == ("last step", 12)

    folder = make(given=trained, name="none")
    done = train(folder)
    assert (done["chosen_by"], done["step"], done["validation_loss"]) == ("last step", 12, None)
    samples = folder.read_progress().samples
    assert {sample.held_out for sample in samples} == {False}
    assert len({sample.step for sample in samples}) >= 3 and len(samples) % 3 == 0


def test_held_out_questions_are_answered_by_the_tuned_weights(make: Make) -> None:
    folder = make(replace(SETTINGS, epochs=2))
    train(folder)
    progress = folder.read_progress()
    assert progress.untrained_recall == 0.0
    by_step: dict[int, list[str]] = {}
    for sample in progress.samples:
        assert sample.held_out and sample.question.startswith("Say it:")
        by_step.setdefault(sample.step, []).append(sample.answer)
    assert len(by_step) >= 2 and {len(answers) for answers in by_step.values()} == {3}
    assert by_step[0] != by_step[max(by_step)]
    assert all(step.memory_bytes and step.peak_memory_bytes for step in progress.steps)
    assert {step.gpu_use for step in progress.steps} == {None} or torch.cuda.is_available()


def out_of_memory_with(monkeypatch: pytest.MonkeyPatch, rows: int, after_step: int | None) -> None:
    """So many rows at once do not fit: from a step on, or at once with None."""
    from assistant.training.trainer import AnswerTrainer

    original = AnswerTrainer.compute_loss

    def compute_loss(self: Any, model: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        begun = after_step is None or self.state.global_step > after_step
        if model.training and begun and self.args.per_device_train_batch_size >= rows:
            raise RuntimeError("CUDA out of memory. Tried to allocate 20.00 MiB")
        return original(self, model, inputs, *args, **kwargs)

    monkeypatch.setattr(AnswerTrainer, "compute_loss", compute_loss)


@pytest.mark.slow
def test_out_of_memory_in_the_middle_halves_once_and_goes_on(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = make(name="whole")
    train(whole)
    with monkeypatch.context() as patch:
        out_of_memory_with(patch, 4, after_step=6)
        folder = make()
        train(folder)
    found = read_json(folder.preflight)
    assert found is not None
    assert (found["rows_at_once"], found["accumulation"]) == (2, 2)
    notices = folder.read_progress().notices
    assert len(notices) == 1 and list(notices) == found["notices"]
    assert "the run went on from step 6" in notices[0] and "at most 2" in notices[0]
    assert [step.step for step in folder.read_progress().steps] == list(range(1, 13))
    assert losses(folder) == pytest.approx(losses(whole), abs=0.05)  # bf16, in other batches

    out_of_memory_with(monkeypatch, 2, after_step=6)
    folder = make(name="again")
    assert "ran out of memory" in sentence(folder)
    assert folder.last_checkpoint() is not None


@pytest.mark.slow
def test_a_measured_step_that_does_not_fit_is_halved(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        out_of_memory_with(patch, 2, after_step=None)
        folder = make(replace(SETTINGS, epochs=1))
        train(folder)
    assert (read_json(folder.preflight) or {})["rows_at_once"] == 1
    assert "in the step before training" in folder.read_progress().notices[0]
    out_of_memory_with(monkeypatch, 1, after_step=None)
    said = sentence(make(name="none"))
    assert "smaller max length" in said and "Nothing was saved yet" in said


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes",
    [
        {"gradient_checkpointing": "always"},
        {"target_layers": "attention", "rslora": True},
        {"schedule": "constant", "warmup": 0.0},
    ],
)
def test_other_settings_are_heeded(make: Make, changes: dict[str, Any]) -> None:
    plain, other = make(name="plain"), make(replace(SETTINGS, **changes))
    train(plain)
    train(other)
    config = json.loads((other.adapter / "adapter_config.json").read_text())
    if "target_layers" in changes:
        assert config["target_modules"] == ["k_proj", "o_proj", "q_proj", "v_proj"]
        assert config["use_rslora"] is True
    elif "schedule" in changes:
        assert losses(other) != losses(plain)
    else:
        assert losses(other) == pytest.approx(losses(plain), abs=0.01)


@pytest.mark.slow
def test_noise_on_the_embeddings_is_for_training_alone(make: Make) -> None:
    plain, noisy = make(name="plain"), make(replace(SETTINGS, neftune_alpha=20.0))
    train(plain)
    train(noisy)
    assert losses(plain) != losses(noisy)
    assert plain.read_progress().untrained_loss == noisy.read_progress().untrained_loss


@pytest.mark.parametrize(
    ("file", "changes", "said"),
    [
        ("config", {"architectures": ["BertModel"]}, "does not write text: choose a chat model"),
        (
            "config",
            {"architectures": ["T5ForConditionalGeneration"]},
            "does not write text: choose a chat model",
        ),
        ("config", {"auto_map": {"AutoModel": "own.Model"}}, "code of its own, which is never run"),
        ("config", {"model_type": "unheard-of"}, "cannot be loaded"),
        ("tokenizer_config", {"chat_template": None}, "no chat template"),
    ],
)
def test_models_that_cannot_be_trained(
    make: Make, tiny_model: Path, tmp_path: Path, file: str, changes: dict[str, Any], said: str
) -> None:
    model = copied(tiny_model, tmp_path / "model", **{file: changes})
    (model / "chat_template.jinja").rename(tmp_path / "template") if "chat" in said else None
    (model / "own.py").write_text("raise SystemExit('this was run')")
    assert said in sentence(make(model=model))


def test_weights_that_were_cut_off(make: Make, tiny_model: Path, tmp_path: Path) -> None:
    broken = copied(tiny_model, tmp_path / "broken")
    weights = broken / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    assert str(broken) in sentence(make(model=broken))


@pytest.mark.slow
def test_no_end_token_and_no_padding_token(make: Make, tiny_model: Path, tmp_path: Path) -> None:
    nothing: dict[str, Any] = {"eos_token_id": None, "pad_token_id": None}
    neither = copied(
        tiny_model,
        tmp_path / "neither",
        config=nothing,
        generation_config=nothing,
        tokenizer_config={"eos_token": None, "pad_token": None},
    )
    assert "no end-of-text token" in sentence(make(model=neither, name="neither-run"))
    no_padding = copied(tiny_model, tmp_path / "no-padding", tokenizer_config={"pad_token": None})
    folder = make(replace(SETTINGS, epochs=1), model=no_padding)
    train(folder)
    assert "no padding token" in folder.read_progress().notices[0]


def test_rows_that_are_all_too_long_and_a_single_row(make: Make, examples: list[Example]) -> None:
    said = sentence(make(replace(SETTINGS, max_length=32), name="long"))
    assert "All 12 training rows are longer than 32 tokens" in said and "raise the max" in said
    done = train(make(given=examples[:1]))
    assert done["steps"] == 4


@pytest.mark.slow
def test_a_loss_that_is_no_number(make: Make, tiny_model: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    model = copied(tiny_model, tmp_path / "model")
    weights = load_file(model / "model.safetensors")
    next(iter(weights.values())).fill_(float("nan"))
    save_file(weights, model / "model.safetensors", metadata={"format": "pt"})
    folder = make(model=model)
    said = sentence(folder)
    assert "stopped being a number at step 1" in said and "Nothing was saved before it" in said
    assert not folder.adapter.exists()


@pytest.mark.parametrize(
    ("figures", "fp16", "broken"),
    [
        ({"loss": 1.0, "grad_norm": 2.0}, False, False),
        ({"loss": 1.0, "grad_norm": math.inf}, False, True),
        ({"loss": 1.0, "grad_norm": math.inf}, True, False),
        ({"loss": math.nan, "grad_norm": 2.0}, True, True),
    ],
)
def test_an_overflow_that_the_scaler_of_fp16_skips_is_no_broken_loss(
    figures: dict[str, float], fp16: bool, broken: bool
) -> None:
    pytest.importorskip("torch")
    from assistant.training.watching import no_number

    assert no_number(figures, fp16) is broken


def test_weights_that_are_cut_short_are_told(make: Make, tiny_model: Path, tmp_path: Path) -> None:
    model = copied(tiny_model, tmp_path / "model")
    weights = model / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    said = sentence(make(model=model))
    assert said.startswith("The base model in") and "fetch it again, or choose another" in said


@pytest.mark.slow
def test_a_full_disk_at_a_checkpoint_loses_nothing(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = make(name="whole")
    train(whole)
    folder = make()
    original = RunFolder.mark_complete

    def full(self: RunFolder, checkpoint: Path) -> None:
        if checkpoint.name == "checkpoint-6":
            raise OSError(errno.ENOSPC, "No space left on device")
        original(self, checkpoint)

    with monkeypatch.context() as patch:
        patch.setattr(RunFolder, "mark_complete", full)
        assert sentence(folder) == (
            "The disk is full: free some space. Step 4 is kept: resume the run afterwards."
        )
    assert [path.name for path in folder.checkpoints.iterdir()][-1] != "checkpoint-6"
    folder.error.unlink()
    done = train(folder)
    expected = read_json(whole.done)
    assert expected is not None
    assert losses(folder) == pytest.approx(losses(whole), abs=2e-3)
    for key in ("step", "held_out_recall", "chosen_by", "steps"):
        assert done[key] == expected[key]


def test_a_disk_too_small_for_the_checkpoints_is_told_first(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    from assistant.training import preflight

    with pytest.raises(TrainingError, match=r"0\.00 GiB free.*free some space"):
        usage = shutil.disk_usage(".")._replace(free=1000)
        monkeypatch.setattr(preflight.shutil, "disk_usage", lambda path: usage)
        preflight.check_disk(make().path, 10**9)


def test_general_rows_are_the_base_models_own_and_are_asked_for_once(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    from assistant.training import preparing
    from assistant.training.preparing import prepare

    asked: list[int] = []

    def answer(model: Any, tokenizer: Any, prompts: Sequence[Any], *given: Any) -> list[str]:
        asked.append(len(prompts))
        return ["Well met. And", *["no sentence"] * (len(prompts) - 1)]

    monkeypatch.setattr(preparing, "greedy_answers", answer)
    folder = make(replace(SETTINGS, epochs=1, general_share=0.3))
    plain = len(read_rows(folder.train))
    found = prepare(folder).found
    wanted = round(plain * 0.3 / 0.7)
    assert sum(asked) == wanted and max(asked) == SETTINGS.batch_size
    kept = read_rows(folder.general)
    assert {row["completion"][0]["content"] for row in kept} == {"Well met."}
    assert found.rows == plain + len(kept) and 0 < len(kept) < wanted
    assert f"{len(kept)} general rows" in " ".join(found.notices)
    prepare(folder)
    assert sum(asked) == wanted


@pytest.mark.slow  # a training
def test_the_base_model_answers_for_itself(make: Make) -> None:
    folder = make(replace(SETTINGS, epochs=1, general_share=0.5))
    train(folder)
    assert folder.general.is_file()


def test_the_page_tells_how_many_general_requests_there_are() -> None:
    assert f"at most {len(REQUESTS)}." in FIELD_BY_NAME["general_share"].explanation
