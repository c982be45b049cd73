"""What fits into memory, by estimate alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from assistant.errors import TrainingError
from assistant.training.estimate import GIB, ModelShape
from assistant.training.rows import TokenRow
from assistant.training.settings import TrainingSettings

torch = pytest.importorskip("torch")

from assistant.training import preflight  # noqa: E402  # only with torch
from assistant.training.arguments import Passes, evaluation_interval, total_steps  # noqa: E402

SHAPE = ModelShape(1_500_000_000, 28, 1536, 8960, 12, 2, 128, 151_936)
ROWS = [TokenRow(tuple(range(length)), length - 20) for length in (1000, 400, *[100] * 30)]
SETTINGS = TrainingSettings(batch_size=4, max_length=2048)
CPU = torch.device("cpu")


def passes(free: float, **changes: object) -> preflight.Plan:
    settings = replace(SETTINGS, **changes)  # type: ignore[arg-type]
    return preflight.plan(SHAPE, ROWS, settings, CPU, int(free * GIB))


def test_with_room_the_whole_batch_goes_at_once() -> None:
    found = passes(64)
    assert (found.passes, found.notices) == (Passes(4, 1), ())


def test_without_it_rows_are_halved_then_less_is_kept() -> None:
    whole = passes(64).estimate.total / GIB
    halved = passes(whole * 0.8)
    assert halved.passes == Passes(2, 2)
    assert "4 rows at once do not fit" in halved.notices[0] and "2 at a time" in halved.notices[0]
    assert halved.estimate.total < 0.95 * whole * 0.8 * GIB
    single = passes(64, batch_size=1).estimate.total / GIB
    kept = passes(single)
    assert kept.passes == Passes(4, 1, checkpointing=True)
    assert "gradient checkpointing is on" in kept.notices[-1]
    assert preflight.plan(SHAPE, ROWS, SETTINGS, CPU, 64 * GIB, at_most=3).passes == Passes(2, 2)


def test_what_does_not_fit_at_all_is_told_before_the_model_is_loaded() -> None:
    with pytest.raises(TrainingError, match=r"One row of 1000 tokens .* GiB are free: lower the"):
        passes(3)
    with pytest.raises(TrainingError, match=r"max length, choose a smaller base model"):
        passes(5, gradient_checkpointing="never")


def test_qlora_needs_a_gpu_and_bitsandbytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "qlora_missing", lambda: "the package bitsandbytes")
    with pytest.raises(TrainingError, match="QLoRA was asked for and needs the package bits"):
        passes(64, qlora="always")
    cuda = torch.device("cuda")
    monkeypatch.setattr(preflight, "precision", lambda: torch.bfloat16)
    with pytest.raises(TrainingError, match="lacks the package bitsandbytes"):
        preflight.plan(SHAPE, ROWS, SETTINGS, cuda, 3 * GIB)
    monkeypatch.setattr(preflight, "qlora_missing", lambda: "")
    assert not preflight.plan(SHAPE, ROWS, SETTINGS, cuda, 64 * GIB).passes.qlora
    short = preflight.plan(SHAPE, ROWS, SETTINGS, cuda, int(3.2 * GIB))
    assert short.passes.qlora and "in 4 bits" in short.notices[-1]


def test_few_rows_are_evaluated_seldom() -> None:
    settings = TrainingSettings(epochs=10, batch_size=8)
    assert total_steps(settings, 173) == 220
    assert evaluation_interval(settings, 173, 0) == evaluation_interval(settings, 173, 24) == 28
    few = replace(settings, epochs=3)
    steps = total_steps(few, 100)
    assert evaluation_interval(few, 100, 24) == -(-steps // 2)
    assert evaluation_interval(few, 1, 24) == 2
