"""What a run is asked to do: its rows, and the run.json that explains it later."""

from __future__ import annotations

import importlib.metadata
import platform
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]

from assistant.errors import ExamplesError, ModelError
from assistant.prompts import PromptPassage, prompt_fingerprint, training_row
from assistant.records import Assistant, Example, content_hash
from assistant.training.folder import RunFolder, write_json, write_rows
from assistant.training.held_out import HeldOut, held_out
from assistant.training.logs import checked_logs
from assistant.training.settings import TrainingSettings

Rows = list[dict[str, Any]]
PassagesFor = Callable[[Example], Sequence[PromptPassage]]

_SHA256 = re.compile(r"[0-9a-f]{64}")
_PACKAGES = ("torch", "transformers", "peft", "trl", "accelerate", "datasets", "duet-assistants")


def training_rows(
    assistant: Assistant, examples: Sequence[Example], passages_for: PassagesFor | None
) -> Rows:
    """Prompt-completion rows of the examples, the very messages that chat uses.

    An example for which `passages_for` returns passages gives two: from memory and from those.
    """
    rows: Rows = []
    for example in examples:
        prompts: list[Sequence[PromptPassage]] = [()]
        passages = passages_for(example) if passages_for is not None else ()
        if passages:
            prompts.append(passages)
        rows += [
            training_row(assistant.system_prompt, example.question, example.answer, shown)
            for shown in prompts
        ]
    return rows


@dataclass(frozen=True, slots=True)
class RunRequest:
    """A run that is about to be: its run.json, its rows by split, what it is asked meanwhile."""

    about: dict[str, Any]
    rows: dict[str, Rows]
    held_out: HeldOut

    def write(self, folder: RunFolder, model_folder: Path) -> None:
        """Write the files of an empty folder. Raises OSError."""
        write_rows(folder.train, self.rows["train"])
        write_rows(folder.validation, self.rows["validation"])
        write_json(folder.held_out, self.held_out.as_json())
        write_json(folder.local, {"model_folder": str(model_folder.absolute())})
        write_json(folder.run, self.about)


def run_request(
    run_id: str,
    created: datetime,
    assistant: Assistant,
    model_folder: Path,
    examples: Sequence[Example],
    settings: TrainingSettings,
    passages_for: PassagesFor | None = None,
    base_sha256: str = "",
    *,
    documents: Mapping[str, str] | None = None,
    trial: str = "",
    log_to: Sequence[str] = (),
) -> RunRequest:
    """What to train, from examples of the splits `train` and `validation` alone.

    documents: SHA-256 of the bytes of each by its name. trial: the sweep that the run is of.
    log_to: names of `logs.LOGS`.

    Raises InvalidRequest for wrong settings or a log that is not installed, ExamplesError without
    training examples, ModelError without a base model.
    """
    settings, log_to = settings.checked(), checked_logs(log_to)
    parameters = base_parameters(model_folder)
    usable = [example for example in examples if not example.rejected]
    made = [
        (example, training_rows(assistant, [example], passages_for))
        for example in usable
        if example.split in ("train", "validation")
    ]
    rows: dict[str, Rows] = {"train": [], "validation": []}
    for example, own in made:
        rows[example.split] += own
    if not rows["train"]:
        rejected = sum(one.rejected and one.split == "train" for one in examples)
        raise ExamplesError(
            f"All {rejected} training examples are rejected: keep some, or write more."
            if rejected
            else "There are no examples to train on: write or import some first, or mark some as "
            "training examples."
        )
    settings = settings.settled(len(rows["train"]), parameters)
    about = run_description(
        run_id, created, assistant, usable, rows, settings, base_sha256, parameters
    )
    learned = [(example, len(own)) for example, own in made if example.split == "train"]
    about["sources"] = row_sources(learned, documents or {})
    if trial:
        about["trial"] = trial
    if log_to:
        about["log_to"] = list(log_to)
    return RunRequest(about, rows, held_out(usable))


def run_description(
    run_id: str,
    created: datetime,
    assistant: Assistant,
    examples: Sequence[Example],
    rows: dict[str, Rows],
    settings: TrainingSettings,
    base_sha256: str,
    parameters: int,
) -> dict[str, Any]:
    """What run.json says. It names no path of this machine, so that it may be shared."""
    trained = [example for example in examples if example.split == "train"]
    return {
        "id": run_id,
        "created_at": created.isoformat(),
        "assistant": {
            "id": assistant.id,
            "name": assistant.name,
            "task": assistant.task,
            "system_prompt": assistant.system_prompt,
        },
        "base_model": portable_name(assistant.base_model),
        "base_sha256": base_sha256,
        "base_parameters": parameters,
        "settings": asdict(settings),
        "seed": settings.seed,
        "rows": {split: len(value) for split, value in rows.items()},
        "characters": characters(rows["train"]),
        "data_sha256": content_hash(rows),
        "prompt_sha256": prompt_fingerprint(assistant.system_prompt),
        "documents": sorted({example.document for example in trained if example.document}),
        "versions": package_versions(),
        "machine": _machine(),
    }


def row_sources(
    learned: Iterable[tuple[Example, int]], documents: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Counts of training rows by the document and section that their examples are from.

    learned: each training example with the rows that it gave. documents: SHA-256 of the bytes of
    each by its name.
    """
    counts: Counter[tuple[str, str]] = Counter()
    for example, rows in learned:
        counts[example.document, section_hash_of(example)] += rows
    return [
        {"document": name, "section": section, "sha256": documents.get(name, ""), "rows": rows}
        for (name, section), rows in sorted(counts.items())
    ]


def section_hash_of(example: Example) -> str:
    """The hash of the section that an example is from; "" where it names none, or by other words.

    An imported file may call a section by its heading, which says nothing of its content.
    """
    return example.section if _SHA256.fullmatch(example.section) else ""


def characters(rows: Sequence[dict[str, Any]]) -> int:
    """Characters of all messages of the rows, the measure of their work without a tokenizer."""
    return sum(
        len(message["content"])
        for row in rows
        for part in ("prompt", "completion", "chosen", "rejected")
        for message in row.get(part, ())
    )


def portable_name(base_model: str) -> str:
    """The base model's name without a path of this machine in it."""
    path = Path(base_model).expanduser()
    return path.name if path.is_absolute() or path.is_dir() else base_model


def base_parameters(model_folder: Path) -> int:
    """Weights of the base model, from the size of its files at two bytes each.

    Raises ModelError where there is no model.
    """
    size = sum(path.stat().st_size for path in model_folder.glob("*.safetensors"))
    if not size or not (model_folder / "config.json").is_file():
        raise ModelError(
            f"There is no base model in {model_folder} (config.json and .safetensors files are "
            "wanted): choose another base model, or fetch this one again."
        )
    return size // 2


def _machine() -> dict[str, Any]:
    """What the speed of a run depends on, without a name of the machine."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "cores": psutil.cpu_count(logical=False) or psutil.cpu_count() or 1,
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
    }


def package_versions() -> dict[str, str]:
    """Of Python and the packages that a training depends on, for run.json."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
