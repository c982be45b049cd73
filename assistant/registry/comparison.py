"""Two or more runs side by side: what was set otherwise, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from assistant.errors import InvalidRequest
from assistant.evaluation.records import Evaluation, Mean
from assistant.records import Assistant
from assistant.registry.sources import Learned, learned
from assistant.runs import Run
from assistant.training.folder import RunFolder, read_json
from assistant.workspace import Workspace

MOST = 6  # runs side by side, as many as a table and a chart still tell apart


@dataclass(frozen=True, slots=True)
class Differing:
    """A setting with its value in each run, in the order of the runs; "" where it has none."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RunScore:
    """How a run scored in an evaluation. kind: "tuned" or "tuned+rag"."""

    evaluation_id: str
    question_set: str
    kind: str
    metric: str
    mean: Mean
    at: datetime


@dataclass(frozen=True, slots=True)
class ComparedRun:
    """A run with what it cost and came to.

    minutes: of training, None without a step. megabytes: of the adapter, None without one. machine:
    where it was trained, in words, "" where that is not known. held_out_recall: of the questions
    that the worker asked, by the adapter that was kept; None where it asked none. scores: the
    newest of each question set, kind and metric.
    """

    run: Run
    minutes: float | None
    megabytes: float | None
    machine: str
    held_out_recall: float | None
    learned: Learned
    scores: tuple[RunScore, ...]


@dataclass(frozen=True, slots=True)
class RunComparison:
    """differing: the settings that are not the same in all runs; those not named are."""

    runs: tuple[ComparedRun, ...]
    differing: tuple[Differing, ...]


def compare_runs(
    workspace: Workspace, assistant: Assistant, run_ids: Sequence[str]
) -> RunComparison:
    """Raises InvalidRequest for fewer than two or too many runs, NotFound, DocumentsError."""
    chosen = list(dict.fromkeys(run_ids))
    if not 2 <= len(chosen) <= MOST:
        raise InvalidRequest(f"Name two to {MOST} runs to compare.")
    runs = workspace.runs(assistant)
    evaluations = workspace.store.evaluations(assistant.id)
    abouts = [read_json(RunFolder(runs.folder / run_id).run) or {} for run_id in chosen]
    return RunComparison(
        tuple(
            _compared(workspace, assistant, runs.get(run_id), about, evaluations)
            for run_id, about in zip(chosen, abouts, strict=True)
        ),
        differing(abouts),
    )


def differing(abouts: Sequence[Mapping[str, Any]]) -> tuple[Differing, ...]:
    """What run.json says otherwise in some of the runs."""
    flat = [_flat(about) for about in abouts]
    names = dict.fromkeys(name for own in flat for name in own)
    rows = [Differing(name, tuple(own.get(name, "") for own in flat)) for name in names]
    return tuple(row for row in rows if len(set(row.values)) > 1)


def run_scores(run_id: str, evaluations: Sequence[Evaluation]) -> tuple[RunScore, ...]:
    """The run's scores. evaluations: newest first, as the store gives them."""
    found: dict[tuple[str, str, str], RunScore] = {}
    for evaluation in evaluations:
        if evaluation.finished_at is None:
            continue
        for contender in evaluation.contenders:
            if contender.run_id != run_id:
                continue
            for metric, mean in evaluation.summary.means.get(contender.id, {}).items():
                key = (evaluation.question_set, contender.kind, metric)
                score = RunScore(evaluation.id, *key, mean, evaluation.finished_at)
                found.setdefault(key, score)
    return tuple(found.values())


def _compared(
    workspace: Workspace,
    assistant: Assistant,
    run: Run,
    about: Mapping[str, Any],
    evaluations: Sequence[Evaluation],
) -> ComparedRun:
    weights = None
    if run.adapter is not None:
        weights = sum(path.stat().st_size for path in run.adapter.iterdir()) / 1e6
    recall = run.final.get("held_out_recall")
    return ComparedRun(
        run=run,
        minutes=run.steps[-1].seconds / 60 if run.steps else None,
        megabytes=weights,
        machine=_machine(run, about),
        held_out_recall=float(recall) if isinstance(recall, int | float) else None,
        learned=learned(workspace, assistant, run),
        scores=run_scores(run.id, evaluations),
    )


def _machine(run: Run, about: Mapping[str, Any]) -> str:
    known = about.get("machine") or {}
    device = run.preflight.device_name if run.preflight else str(run.final.get("device") or "")
    parts = [device, f"{known['cores']} cores" if "cores" in known else ""]
    parts.append(f"{known['memory_gib']:.0f} GiB" if "memory_gib" in known else "")
    return ", ".join(filter(None, parts))


def _flat(about: Mapping[str, Any]) -> dict[str, str]:
    """What a person can tell runs apart by, as text."""
    shown = {
        "base model": about.get("base_model", ""),
        **{name.replace("_", " "): value for name, value in (about.get("settings") or {}).items()},
        "training rows": (about.get("rows") or {}).get("train", ""),
        "validation rows": (about.get("rows") or {}).get("validation", ""),
        "data": str(about.get("data_sha256", ""))[:8],
        "system prompt": str(about.get("prompt_sha256", ""))[:8],
        **{f"version of {name}": value for name, value in (about.get("versions") or {}).items()},
    }
    return {name: "" if value is None else str(value) for name, value in shown.items()}
