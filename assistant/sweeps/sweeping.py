"""Sweeps from a plan to a curve: started as runs of the queue, scored when these have ended.

The ids of the runs are in sweep.json before the first of them is made, so that a sweep that was cut
off anywhere is gone on with: a run that is not there is made, one that was interrupted resumed.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from assistant.errors import Conflict, NotFound, StoreError, documents_mapped
from assistant.models import resolve_model
from assistant.records import Assistant
from assistant.runs import Run, new_run_id
from assistant.sweeps.curve import Curve, Scored, curve
from assistant.sweeps.planning import Candidate, Progress, SweepPlan, data_sha256
from assistant.sweeps.records import Point, Sweep, SweepFolder, SweepState
from assistant.sweeps.scores import KeptScores, kept_scores
from assistant.sweeps.subsets import subset
from assistant.training.graves import deleted
from assistant.workspace import Workspace


@dataclass(frozen=True, slots=True)
class SweepStatus:
    """A sweep as it stands.

    runs: of each point, None where it was deleted or is not there yet. answered: held-out answers
    that are scored, of `to_answer` that can be by now. unfinished: whether going on with it would
    do anything: wait for a run, make or resume one, or score.
    """

    sweep: Sweep
    state: SweepState
    runs: tuple[Run | None, ...]
    answered: int
    to_answer: int
    unfinished: bool
    curve: Curve


def start_sweep(
    workspace: Workspace, assistant: Assistant, plan: SweepPlan, progress: Progress | None = None
) -> Sweep:
    """Write the sweep's folder and put its runs into the queue.

    Models that are not on this machine are fetched first, so that nothing is begun without them.
    Raises ModelError, ExamplesError, StoreError.
    """
    for name in dict.fromkeys(one.assistant.base_model for one in plan.candidates):
        resolve_model(name, workspace.settings.models, progress)
    created = datetime.now(UTC)
    sweep = Sweep(
        id=f"{created:%Y%m%d-%H%M%S}-{plan.kind}-{secrets.token_hex(2)}",
        kind=plan.kind,
        assistant_id=assistant.id,
        created_at=created,
        minutes=plan.minutes,
        settings=plan.settings,
        points=tuple(_point(one, created) for one in plan.candidates),
        left_out=plan.left_out,
        data_sha256=plan.data_sha256,
    )
    folder = _sweeps(workspace, assistant) / sweep.id
    try:
        SweepFolder(folder).write(sweep, plan.questions.questions)
    except OSError as error:
        raise StoreError(f"The sweep could not be written ({error}); nothing was begun.") from error
    return continue_sweep(workspace, assistant, sweep.id, progress)


def continue_sweep(
    workspace: Workspace, assistant: Assistant, sweep_id: str, progress: Progress | None = None
) -> Sweep:
    """Make the runs that are not there yet, and resume those that were interrupted.

    Runs that were deleted, stopped or taken out of the queue stay so. Raises NotFound, Conflict
    where runs are missing and the examples have changed since, and as `start_sweep`.
    """
    sweep = sweep_folder(workspace, assistant, sweep_id).read()
    runs = workspace.runs(assistant)
    known = {run.id: run for run in runs.list()}
    everything = subset(workspace.store.examples(assistant.id), 1.0)
    missing = [
        point
        for point in sweep.points
        if point.run_id not in known and deleted(runs.folder, point.run_id) is None
    ]
    if missing and data_sha256(everything) != sweep.data_sha256:
        raise Conflict(
            "The examples have changed since this sweep began, so that its missing runs would be "
            "of other data: those that are there are kept, begin a new sweep."
        )
    with documents_mapped():
        documents = {one.name: one.sha256 for one in workspace.corpus(assistant).documents()}
    for point in missing:
        own = _with_model(assistant, point)
        runs.start(
            own,
            resolve_model(own.base_model, workspace.settings.models, progress),
            subset(everything, point.value) if sweep.kind == "data" else everything,
            sweep.settings_of(point),
            documents=documents,
            run_id=point.run_id,
            trial=sweep.id,
        )
    for point in sweep.points:
        run = known.get(point.run_id)
        if run is not None and run.state == "interrupted":
            runs.resume(run.id)
    return sweep


def sweeps(workspace: Workspace, assistant: Assistant) -> list[Sweep]:
    """All sweeps of an assistant, newest first. Raises StoreError."""
    try:
        found = [
            SweepFolder(path.parent).read()
            for path in _sweeps(workspace, assistant).glob("[!.]*/sweep.json")
        ]
    except OSError as error:
        raise StoreError(f"The sweeps could not be read: {error}.") from error
    return sorted(found, key=lambda one: (one.created_at, one.id), reverse=True)


def sweep_status(workspace: Workspace, assistant: Assistant, sweep_id: str) -> SweepStatus:
    """How far a sweep is, and its curve of what is scored so far. Raises NotFound, StoreError."""
    folder = sweep_folder(workspace, assistant, sweep_id)
    sweep, questions = folder.read(), folder.read_questions()
    known = {run.id: run for run in workspace.runs(assistant).list()}
    runs = tuple(known.get(point.run_id) for point in sweep.points)
    to_make = any(
        run.state == "interrupted"
        if run is not None
        else deleted(workspace.runs(assistant).folder, point.run_id) is None
        for point, run in zip(sweep.points, runs, strict=True)
    )
    kept = kept_scores(folder)
    asked = scored_names(workspace, assistant, runs)
    answered = sum(min(kept.answered(name), len(questions)) for name in asked)
    to_answer = len(asked) * len(questions)
    state: SweepState = "done" if answered >= to_answer else "to score"
    if any(run is not None and run.pending for run in runs):
        state = "training"
    unfinished = to_make or state != "done"
    shown = _curve(sweep, runs, kept)
    return SweepStatus(sweep, state, runs, answered, to_answer, unfinished, shown)


def scored_names(
    workspace: Workspace, assistant: Assistant, runs: tuple[Run | None, ...]
) -> list[str]:
    """Who is to be asked by now: base, RAG where there are documents, and runs with an adapter."""
    names = ["base"] if workspace.unavailable(assistant, "rag") else ["base", "rag"]
    return names + [run.id for run in runs if run is not None and run.adapter and not run.pending]


def _curve(sweep: Sweep, runs: tuple[Run | None, ...], kept: KeptScores) -> Curve:
    scored = [
        Scored(
            point.label,
            point.value,
            point.run_id,
            kept.recall(point.run_id),
            minutes=run.steps[-1].seconds / 60 if run is not None and run.steps else None,
            rows=run.rows.get("train") if run is not None else None,
        )
        for point, run in zip(sweep.points, runs, strict=True)
    ]
    return curve(sweep.kind, scored, kept.recall("rag"), kept.recall("base"))


def _point(candidate: Candidate, created: datetime) -> Point:
    return Point(
        label=candidate.label,
        value=candidate.value,
        run_id=new_run_id(created),
        seconds=candidate.seconds,
        base_model=candidate.assistant.base_model,
        learning_rate=candidate.settings.learning_rate or 0.0,
    )


def _with_model(assistant: Assistant, point: Point) -> Assistant:
    return replace(assistant, base_model=point.base_model)


def _sweeps(workspace: Workspace, assistant: Assistant) -> Path:
    return workspace.folder(assistant) / "sweeps"


def sweep_folder(workspace: Workspace, assistant: Assistant, sweep_id: str) -> SweepFolder:
    """The folder of a sweep. Raises NotFound for what is no name of one."""
    if not sweep_id or Path(sweep_id).name != sweep_id or sweep_id.startswith("."):
        raise NotFound(f"There is no sweep {sweep_id}.")
    return SweepFolder(_sweeps(workspace, assistant) / sweep_id)
