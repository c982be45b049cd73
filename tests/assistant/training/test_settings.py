"""Settings: all mistakes at once, and what a preset means for the data at hand."""

from __future__ import annotations

import pytest

from assistant.errors import InvalidRequest
from assistant.training.settings import PRESETS, TrainingSettings


def test_presets_are_valid() -> None:
    assert list(PRESETS) == ["quick", "standard", "thorough"]
    for name, settings in PRESETS.items():
        assert settings.checked().preset == name


def test_all_mistakes_are_told_together() -> None:
    wrong = TrainingSettings(
        preset="best",
        epochs=0,
        learning_rate=2,
        rank=0,
        alpha=0,
        dropout=1,
        batch_size=0,
        max_length=3,
    )
    with pytest.raises(InvalidRequest) as caught:
        wrong.checked()
    for word in (
        "preset",
        "epochs",
        "learning rate",
        "rank",
        "alpha",
        "dropout",
        "batch",
        "length",
    ):
        assert word in str(caught.value)


@pytest.mark.parametrize("preset", list(PRESETS))
def test_epochs_fall_with_the_number_of_rows(preset: str) -> None:
    chosen = [PRESETS[preset].settled(rows, 135_000_000).epochs for rows in (10, 200, 1000, 10**5)]
    assert chosen == sorted(chosen, reverse=True)
    assert chosen[0] > chosen[-1] >= 2


def test_thorough_trains_longer_than_quick() -> None:
    for rows in (10, 300, 3000):
        epochs = [PRESETS[name].settled(rows, 10**8).epochs or 0 for name in PRESETS]
        assert epochs == sorted(epochs)


def test_what_is_given_is_kept() -> None:
    settled = TrainingSettings(epochs=3, learning_rate=5e-5).settled(10, 10**8)
    assert (settled.epochs, settled.learning_rate) == (3, 5e-5)


def test_larger_models_take_smaller_steps() -> None:
    rates = [
        TrainingSettings().settled(10, size).learning_rate for size in (10**8, 5 * 10**8, 10**10)
    ]
    assert rates == [1e-3, 5e-4, 2e-4]
