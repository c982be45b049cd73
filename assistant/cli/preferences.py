"""What `duet train --from-votes` does."""

from __future__ import annotations

from assistant.cli.output import bar, note
from assistant.errors import InvalidRequest
from assistant.preferences.gathering import votes_that_train
from assistant.preferences.records import Method
from assistant.preferences.start import train_on_votes
from assistant.records import Assistant
from assistant.runs import PRESETS, Run, TrainingSettings
from assistant.training.setting_fields import SETTING_FIELDS
from assistant.workspace import Workspace

_OF_VOTES = ("epochs", "learning_rate")


def refuse_settings_of_examples(settings: TrainingSettings) -> None:
    """Raise InvalidRequest for settings that a run on votes takes from the run it goes on from."""
    standard = PRESETS["standard"]
    given = [
        field.option
        for field in SETTING_FIELDS
        if field.name not in _OF_VOTES
        and getattr(settings, field.name) != getattr(standard, field.name)
    ]
    if given:
        raise InvalidRequest(
            f"A training on votes goes on with the settings of its run, but for --epochs and "
            f"--learning-rate: leave out {', '.join(given)}. Nothing was started."
        )


def started_on_votes(
    workspace: Workspace,
    assistant: Assistant,
    method: Method,
    run_id: str | None,
    epochs: float | None,
    learning_rate: float | None,
    careless: bool,
) -> Run:
    """Say which votes count and why others do not, and start the run."""
    note(votes_that_train(workspace.store, assistant, method, careless).sentence)
    with bar() as report:
        return train_on_votes(
            workspace,
            assistant,
            method,
            run_id=run_id,
            epochs=epochs,
            learning_rate=learning_rate,
            careless=careless,
            progress=report,
        )


def ended_on_votes(run: Run) -> str:
    """What a run on votes changed, in words; "" where there is nothing to say."""
    said = []
    margins = [step.reward_margin for step in run.steps if step.reward_margin is not None]
    if margins:
        said.append(f"Held-back reward margin {margins[-1]:.2f} (0 before training).")
    if run.method == "sft":
        return ""
    before, after = run.untrained_recall, run.final.get("held_out_recall")
    if before is not None and after is not None:
        said.append(f"Held-out fact recall {before:.2f} before, {after:.2f} after.")
        if after < before:
            said.append("Facts were lost: compare the two versions before using this one.")
    return " ".join(said)
