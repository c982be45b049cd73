"""`duet train`: an option for every setting, and the pre-flight alone."""

from __future__ import annotations

import json
from typing import Any

import pytest

from assistant.cli import training
from assistant.cli.training_settings import settings_line
from assistant.runs import TrainingSettings
from assistant.training.setting_fields import SETTING_FIELDS
from tests.assistant.test_cli import Duet
from tests.assistant.test_run_estimate import FOUND
from tests.test_readme import help_of


def test_every_setting_has_an_option_with_its_explanation() -> None:
    shown = help_of("train")
    for field in SETTING_FIELDS:
        assert field.option in shown, field.name
        assert field.explanation.split()[0] in shown
    for group in ("Amount", "Adapter", "Optimiser", "Regularisation", "Memory"):
        assert group in shown


def test_options_become_settings(duet: Duet, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[TrainingSettings] = []

    def estimate_run(_workspace: Any, _assistant: Any, settings: TrainingSettings, _: Any) -> Any:
        given.append(settings)
        return FOUND

    monkeypatch.setattr(training, "estimate_run", estimate_run)
    assert duet("new", "Kestrel", "--task", "Helps.")[0] == 0
    options = ("--preset", "quick", "--rank", "8", "--rslora", "--schedule", "linear")
    code, out, _ = duet("train", "kestrel", "--estimate", *options, "--json")
    assert code == 0
    said = json.loads(out)
    assert said["sentence"] == FOUND.sentence and said["minutes"] == 3.0
    assert given == [TrainingSettings(preset="quick", rank=8, rslora=True, schedule="linear")]
    code, out, _ = duet("train", "kestrel", "--estimate")  # for people
    assert code == 0 and FOUND.sentence in out and "activations" in out
    assert given[1] == TrainingSettings()


def test_an_estimate_of_votes_takes_what_the_training_would(
    duet: Duet, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, Any] = {}

    def estimate_on_votes(_workspace: Any, _assistant: Any, method: str, **options: Any) -> Any:
        given.update(options, method=method)
        return FOUND

    monkeypatch.setattr(training, "estimate_on_votes", estimate_on_votes)
    assert duet("new", "Kestrel", "--task", "Helps.")[0] == 0
    options = ("--estimate", "--from-votes", "kto", "--epochs", "2", "--run", "r1", "--all-voters")
    code, out, _ = duet("train", "kestrel", *options)
    assert code == 0 and FOUND.sentence in out
    assert (given["method"], given["epochs"], given["learning_rate"]) == ("kto", 2.0, None)
    assert (given["run_id"], given["careless"]) == ("r1", True)
    code, _, said = duet("train", "kestrel", "--estimate", "--from-votes", "dpo", "--rank", "8")
    assert code == 1 and "leave out --rank" in said


def test_settings_in_a_line() -> None:
    line = settings_line(TrainingSettings(rank=8))
    assert "rank 8" in line and "rslora off" in line and "epochs chosen by preset" in line


def test_what_a_training_on_votes_does_not_heed_is_refused(duet: Duet) -> None:
    assert duet("new", "Kestrel", "--task", "Helps.")[0] == 0
    code, _, said = duet(
        "train", "kestrel", "--from-votes", "dpo", "--rank", "8", "--preset", "quick"
    )
    assert code == 1 and "leave out --preset, --rank. Nothing was started" in said
    options = ("--from-votes", "dpo", "--epochs", "2", "--learning-rate", "0.001")
    assert "Votes train a model that is tuned already" in duet("train", "kestrel", *options)[2]
    code, _, said = duet("train", "kestrel", "--run", "r1")
    assert code == 1 and "--run and --all-voters go with --from-votes" in said
