"""Before a training is asked for: what keeps it from starting, and what each preset costs here.

Times and memory come from runs that were measured on this machine; where there is none, nothing is
invented. No model is opened for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import psutil  # type: ignore[import-untyped]

from assistant.errors import documents_mapped
from assistant.models import model_here
from assistant.records import Assistant, Example
from assistant.runs import PRESETS, TrainingSettings
from assistant.training.estimate import GIB, Preflight
from assistant.training.request import base_parameters, portable_name
from assistant.workspace import Workspace

Place = Literal["documents", "examples"]


@dataclass(frozen=True, slots=True)
class Lacking:
    """Why a training cannot start. place: the tab where it is mended; label: of the button."""

    sentence: str
    label: str
    place: Place


@dataclass(frozen=True, slots=True)
class Cost:
    """What a training would take here.

    rows: training examples. epochs: passes over them. minutes: None where no run on this base model
    was measured here. needed_bytes: the most memory that the newest measured run held, None without
    one; free_bytes: of the same device now.
    """

    rows: int
    epochs: float
    minutes: float | None
    needed_bytes: int | None
    free_bytes: int

    @property
    def sentence(self) -> str:
        """Time and memory in words, "" where neither was measured."""
        said = []
        if self.minutes is not None:
            minutes = round(self.minutes)
            said.append(
                "less than a minute"
                if minutes < 1
                else f"about {minutes} minute{'' if minutes == 1 else 's'}"
            )
        if self.needed_bytes is not None:
            said.append(f"{self.needed_bytes / GIB:.1f} of {self.free_bytes / GIB:.1f} GiB")
        return ", ".join(said)


def lacking(workspace: Workspace, assistant: Assistant) -> Lacking | None:
    """What keeps a training from starting; None where nothing does. Raises DocumentsError."""
    every = workspace.store.examples(assistant.id, rejected=None)
    kept = [example for example in every if not example.rejected]
    if any(example.split == "train" for example in kept):
        return None
    if kept:
        return Lacking(
            f"None of the {len(kept):,} examples is for training: they are kept for validation and "
            "tests. Write or import some more, or change the use of some.",
            "See the examples",
            "examples",
        )
    if every:
        return Lacking(
            f"All {len(every):,} examples are rejected: take some back, or write others.",
            "See the examples",
            "examples",
        )
    with documents_mapped():
        documents = workspace.corpus(assistant).documents()
    if not documents:
        return Lacking(
            "There are no examples to train on yet, and no documents to write them from.",
            "Add documents",
            "documents",
        )
    return Lacking(
        "There are no examples to train on yet: write them from the documents, or import some.",
        "Write examples",
        "examples",
    )


def preset_costs(workspace: Workspace, assistant: Assistant) -> dict[str, Cost]:
    """What each preset would take, by its name."""
    examples = workspace.store.examples(assistant.id)
    return {
        name: cost_of(workspace, assistant, examples, settings)
        for name, settings in PRESETS.items()
    }


def cost_of(
    workspace: Workspace, assistant: Assistant, examples: list[Example], settings: TrainingSettings
) -> Cost:
    """What a training with these settings would take."""
    rows = sum(example.split == "train" for example in examples)
    folder = model_here(assistant.base_model, workspace.settings.models)
    epochs = settings.settled(rows, base_parameters(folder) if folder else 1).epochs or 0.0
    runs = workspace.runs(assistant)
    minutes = runs.estimate(assistant, examples, settings) if rows else None
    measured = _measured(workspace, assistant)
    # The GPU's free memory is known to the worker alone: as it was then.
    free = psutil.virtual_memory().available
    if measured is not None and measured.device == "cuda":
        free = measured.free_bytes
    return Cost(rows, epochs, minutes, measured.needed_bytes if measured else None, free)


def _measured(workspace: Workspace, assistant: Assistant) -> Preflight | None:
    """What the newest run on this base model found on this machine; trials count as well."""
    base = portable_name(assistant.base_model)
    runs = workspace.runs(assistant)
    return next(
        (
            run.preflight
            for run in runs.list()
            if run.preflight is not None
            and run.preflight.measured_bytes
            and run.base_model == base
            and (runs.folder / run.id / "local.json").is_file()
        ),
        None,
    )
