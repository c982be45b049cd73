"""Settings: all mistakes at once, and what a preset means for the data at hand."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from assistant.errors import InvalidRequest
from assistant.training.setting_fields import FIELD_BY_NAME, SETTING_FIELDS
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
    for label in ("Preset", "Epochs", "Learning rate", "Rank", "Alpha", "Dropout", "Batch size"):
        assert f"{label} must be" in str(caught.value)
    assert "Max length must be a whole number from 32 to 131072" in str(caught.value)
    assert "Seed" not in str(caught.value)


def test_every_setting_is_explained_once() -> None:
    names = [field.name for field in SETTING_FIELDS]
    assert sorted(names) == sorted(field.name for field in dataclasses.fields(TrainingSettings))
    for field in SETTING_FIELDS:
        assert field.explanation.endswith((".", ").")) and len(field.explanation) > 40, field.name
        assert len(field.label) < 30 and field.label != field.name
        assert field.choices or field.switch or field.least < field.most, field.name


@pytest.mark.parametrize(
    ("name", "allowed", "refused"),
    [
        ("epochs", [None, 0.5, 1000], [0, 1001, "3", True]),
        ("rank", [1, 512], [0, 513, 2.5, None]),
        ("dropout", [0, 0.99], [-0.1, 1]),
        ("rslora", [True, False], [1, "yes", None]),
        ("schedule", ["linear"], ["steps", None, 1]),
        ("patience", [0, 100], [-1, 1.5]),
        ("learning_rate", [None, 1e-6, 0.1], [0, 0.2, float("nan")]),
    ],
)
def test_ranges(name: str, allowed: list[object], refused: list[object]) -> None:
    field = FIELD_BY_NAME[name]
    assert [field.allows(value) for value in allowed] == [True] * len(allowed)
    assert [field.allows(value) for value in refused] == [False] * len(refused)


def test_the_documented_table_is_that_of_the_code() -> None:
    root = Path(__file__).resolve().parents[3]
    rows = (root / "docs" / "training.md").read_text("utf-8").splitlines()
    for field in SETTING_FIELDS:
        standard = field.shown(getattr(TrainingSettings(), field.name))
        cells = (field.label, f"`{field.option}`", field.allowed, standard, field.explanation)
        assert f"| {' | '.join(cells)} |" in rows, field.name


def test_ranges_in_words() -> None:
    words = {name: FIELD_BY_NAME[name].range for name in ("epochs", "dropout", "rank", "qlora")}
    assert words == {
        "epochs": "above 0, at most 1000",
        "dropout": "at least 0, below 1",
        "rank": "a whole number from 1 to 512",
        "qlora": "one of auto, never, always",
    }


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
