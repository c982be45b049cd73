"""The sample's files as they ship: where they lie and what they say of the sample."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from assistant.errors import StoreError


@dataclass(frozen=True, slots=True)
class SampleDescription:
    """What datasets/aurora/sample.json says."""

    name: str
    task: str
    example_questions: tuple[str, ...]


def sample_folder() -> Path:
    """The shipped sample: inside the installed package, or datasets/aurora of a checkout.

    Raises StoreError where neither is there.
    """
    package = Path(str(files("assistant")))
    for folder in (package / "sample_data", package.parent / "datasets" / "aurora"):
        if (folder / "sample.json").is_file():
            return folder
    raise StoreError("The sample's files are missing from this installation: install Duet again.")


def sample_description() -> SampleDescription:
    """Name, task and example questions of the sample."""
    described = json.loads((sample_folder() / "sample.json").read_text("utf-8"))
    return SampleDescription(
        described["name"], described["task"], tuple(described["example_questions"])
    )
