"""The sample assistant: shipped documents, questions and a tuned adapter, made ready once.

Making it again completes what is missing, so that a start that was interrupted loses nothing.
"""

from __future__ import annotations

import json
import os
import shutil
import uuid
from dataclasses import asdict
from pathlib import Path
from typing import Any

from assistant.errors import Conflict, DocumentsError, StoreError, documents_mapped
from assistant.interchange.importing import read_examples
from assistant.prompts import default_system_prompt
from assistant.records import Assistant
from assistant.shipped import SampleDescription, sample_description, sample_folder
from assistant.workspace import Progress, Workspace
from retrieval.documents import IndexingProgress
from retrieval.self_check import check_added

_MARKER = "sample.json"


def sample_wanted(workspace: Workspace) -> bool:
    """Whether the sample was never finished here; one that was deleted stays deleted."""
    path = workspace.settings.home / _MARKER
    return not path.exists() or not _marked(path).get("ready", True)


def sample_id(workspace: Workspace) -> str:
    """The id of the sample assistant, finished or not; "" where none was begun."""
    return str(_marked(workspace.settings.home / _MARKER).get("assistant", ""))


def make_sample(workspace: Workspace, progress: Progress | None = None) -> Assistant:
    """Make the sample assistant, or complete it, and return it.

    progress: called with a stage and the share of it that is done.
    Raises DocumentsError, ExamplesError, StoreError.
    """
    report = progress or (lambda stage, share: None)
    described = sample_description()
    folder = sample_folder()
    assistant = _begun(workspace, described)

    def indexed(state: IndexingProgress) -> None:
        share = state.passages_done / max(state.passages_total, 1)
        report("Indexing the sample's documents", share)

    report("Loading the embedder to index the sample", 0.0)
    with documents_mapped():
        corpus = workspace.corpus(assistant)
        results = corpus.add(sorted((folder / "documents").iterdir()), indexed)
    failed = [f"{result.name}: {result.reason}" for result in results if result.outcome == "failed"]
    if failed:
        raise DocumentsError("The sample is incomplete: " + " ".join(failed))
    report("Checking that the sample's documents are found", 0.0)
    with documents_mapped():
        check_added(workspace.retriever(assistant), results)
    report("Adding the sample's questions", 0.0)
    workspace.store.add_examples(assistant.id, read_examples(folder / "questions.jsonl"))
    report("Adding the sample's tuned model", 0.0)
    _add_run(folder / "run", workspace.folder(assistant) / "runs", assistant)
    _mark(workspace, assistant, described, ready=True)
    report("The sample is ready", 1.0)
    return assistant


def _begun(workspace: Workspace, described: SampleDescription) -> Assistant:
    """The sample that was begun here, else a new one; another assistant of its name is left be."""
    begun = sample_id(workspace)
    for assistant in workspace.assistants():
        if assistant.id == begun:
            return assistant
    prompt = default_system_prompt(described.name, described.task)
    try:
        made = workspace.create(described.name, described.task, system_prompt=prompt)
    except Conflict:
        name = f"{described.name} (sample)"
        made = workspace.create(name, described.task, system_prompt=prompt)
    _mark(workspace, made, described, ready=False)
    return made


def _marked(path: Path) -> dict[str, Any]:
    try:
        marker = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return marker if isinstance(marker, dict) else {}


def _mark(
    workspace: Workspace, assistant: Assistant, described: SampleDescription, ready: bool
) -> None:
    marker = {"assistant": assistant.id, "ready": ready, **asdict(described)}
    _write(workspace.settings.home / _MARKER, json.dumps(marker, indent=2))


def _add_run(shipped: Path, runs: Path, assistant: Assistant) -> None:
    """Copy the shipped run beside the others, as this assistant's, whole or not at all."""
    try:
        about = json.loads((shipped / "run.json").read_text("utf-8"))
    except FileNotFoundError as error:
        raise StoreError(
            "The sample's tuned model is missing from this installation: install Duet again."
        ) from error
    name = about["id"]
    about["assistant"]["id"] = assistant.id
    target = runs / name
    if target.exists():
        return
    partial = runs / f".{name}.{uuid.uuid4().hex}"
    try:
        runs.mkdir(parents=True, exist_ok=True)
        shutil.copytree(shipped, partial)
        (partial / "run.json").write_text(json.dumps(about, indent=2), "utf-8")
        partial.rename(target)
    except OSError as error:
        shutil.rmtree(partial, ignore_errors=True)
        raise StoreError(
            f"The sample's tuned model could not be copied ({error.strerror}): "
            "free some disk space and start again; nothing else was lost."
        ) from error


def _write(path: Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        with temporary.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise StoreError(f"{path} could not be written ({error.strerror}).") from error
