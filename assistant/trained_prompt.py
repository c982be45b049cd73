"""Whether a tuned model is asked with the system prompt that it was trained with."""

from __future__ import annotations

from assistant.prompts import prompt_fingerprint
from assistant.runs import Runs
from assistant.training.folder import RunFolder, read_json


def prompt_changed(runs: Runs, system_prompt: str) -> str:
    """A sentence where the newest usable run was trained with another system prompt, else ""."""
    run = runs.latest_usable()
    if run is None:
        return ""
    about = read_json(RunFolder(runs.folder / run.id).run) or {}
    if about.get("prompt_sha256") == prompt_fingerprint(system_prompt):
        return ""
    return (
        f"The tuned model of run {run.id} was trained with another system prompt, so that it may "
        "answer worse with this one: train again when the prompt is settled."
    )
