"""The commands that try a range of runs and draw what it teaches."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import Annotated, Literal

import typer

from assistant.cli.evaluation import interruptible, reporting
from assistant.cli.output import AsJson, bar, note, plain, say, show_json, show_table
from assistant.cli.training import say_that_it_waits
from assistant.cli.training_settings import Preset
from assistant.cli.workspace import Name, opened
from assistant.evaluation.records import Mean
from assistant.records import Assistant
from assistant.runs import PRESETS
from assistant.sweeps.planning import plan_sweep
from assistant.sweeps.records import Sweep
from assistant.sweeps.scoring import score_sweep
from assistant.sweeps.sweeping import (
    SweepStatus,
    continue_sweep,
    start_sweep,
    sweep_status,
)
from assistant.sweeps.sweeping import sweeps as sweeps_of
from assistant.workspace import Workspace

sweeps = typer.Typer(no_args_is_help=True, help="Sweeps of an assistant: ladders and curves.")
Kind = Literal["data", "learning-rate", "model"]

_POLL_SECONDS = 0.5


def sweep(
    name: Name,
    kind: Annotated[Kind, typer.Argument(help="What is varied.")],
    minutes: Annotated[
        float | None, typer.Option(min=0.1, help="Minutes that the trainings may take together.")
    ] = None,
    preset: Annotated[Preset, typer.Option(help="How much to train.")] = "standard",
    epochs: Annotated[float | None, typer.Option(help="Passes over the examples.")] = None,
    estimate: Annotated[
        bool, typer.Option("--estimate", help="Say what would be tried, and start nothing.")
    ] = False,
    new: Annotated[
        bool, typer.Option("--new", help="Begin anew where an earlier one is not done.")
    ] = False,
    detach: Annotated[bool, typer.Option("--detach", help="Start it and return at once.")] = False,
    as_json: AsJson = False,
) -> None:
    """Train on 10, 25, 50 and 100 % of the data, at three learning rates, or on the next model.

    All are scored on the same held-out questions, beside RAG and the base model. Given again, the
    command goes on with a sweep that was left; leaving with Ctrl-C leaves its runs in the queue.
    """
    settings = replace(PRESETS[preset], **({"epochs": epochs} if epochs is not None else {}))  # type: ignore[arg-type]
    cancelled = threading.Event()
    with opened() as workspace:
        assistant = workspace.assistant(name)
        left = None if new or estimate else _left(workspace, assistant, kind)
        with bar() as report:
            if left is not None:
                note(f"Going on with sweep {left.id}; --new would begin another.")
                made = continue_sweep(workspace, assistant, left.id, report)
            else:
                planned = plan_sweep(workspace, assistant, kind, settings, minutes, progress=report)
                if not estimate:
                    note(planned.sentence)
                    made = start_sweep(workspace, assistant, planned, report)
        if estimate:
            if as_json:
                show_json({"sentence": planned.sentence, "seconds": planned.seconds})
            else:
                say(planned.sentence)
            return
        status = sweep_status(workspace, assistant, made.id)
        if not detach:
            for run in status.runs[:1]:
                if run is not None:
                    say_that_it_waits(workspace, run)
            status = _follow(workspace, assistant, status)
            with bar() as shown, interruptible(cancelled):
                status = score_sweep(workspace, assistant, made.id, reporting(shown), cancelled)
        _show(status, as_json)
        if cancelled.is_set():
            note("Stopped: what is scored is kept. The same command goes on.")
            raise typer.Exit(1)


@sweeps.command("list")
def list_sweeps(name: Name, as_json: AsJson = False) -> None:
    """List the sweeps, newest first."""
    with opened() as workspace:
        assistant = workspace.assistant(name)
        found = [
            sweep_status(workspace, assistant, one.id) for one in sweeps_of(workspace, assistant)
        ]
    if as_json:
        show_json(found)
        return
    rows = [
        (
            one.sweep.id,
            one.sweep.kind,
            one.state,
            len(one.sweep.points),
            f"{one.answered}/{one.to_answer}",
        )
        for one in found
    ]
    show_table(("Sweep", "Varies", "State", "Runs", "Answers"), rows)


@sweeps.command("show")
def show_sweep(name: Name, sweep_id: str, as_json: AsJson = False) -> None:
    """Show a sweep's curve, of what is scored so far."""
    with opened() as workspace:
        status = sweep_status(workspace, workspace.assistant(name), sweep_id)
    _show(status, as_json)


def _left(workspace: Workspace, assistant: Assistant, kind: Kind) -> Sweep | None:
    """The newest sweep of that kind, where it is not done."""
    newest = next((one for one in sweeps_of(workspace, assistant) if one.kind == kind), None)
    if newest is None:
        return None
    return newest if sweep_status(workspace, assistant, newest.id).unfinished else None


def _follow(workspace: Workspace, assistant: Assistant, status: SweepStatus) -> SweepStatus:
    """Show how the trainings go until none is at work or waits."""
    with bar() as report:
        while status.state == "training":
            live = next((run for run in status.runs if run is not None and run.live), None)
            ended = sum(run is not None and not run.pending for run in status.runs)
            share, stage = 0.0, "waiting"
            if live is not None and live.steps:
                last = live.steps[-1]
                share, stage = last.step / last.total_steps, f"loss {last.loss:.3f}"
            count = len(status.runs)
            report(f"Run {min(ended + 1, count)} of {count}: {stage}", (ended + share) / count)
            time.sleep(_POLL_SECONDS)
            status = sweep_status(workspace, assistant, status.sweep.id)
    return status


def _show(status: SweepStatus, as_json: bool) -> None:
    if as_json:
        show_json(plain(status))
        return
    rows: list[tuple[object, ...]] = [
        (
            point.label,
            point.run_id,
            "deleted" if run is None else run.state,
            point.rows,
            None if point.minutes is None else f"{point.minutes:.1f}",
            _mean(point.score),
        )
        for point, run in zip(status.curve.points, status.runs, strict=True)
    ]
    rows += [
        ("base model", "", "", None, None, _mean(status.curve.base)),
        ("RAG", "", "", None, None, _mean(status.curve.rag)),
    ]
    head = {"data": "Data", "learning-rate": "Learning rate", "model": "Model"}[status.sweep.kind]
    show_table((head, "Run", "State", "Rows", "Minutes", "Fact recall"), rows)
    for sentence in (*(one.reason for one in status.sweep.left_out), *status.curve.sentences):
        say(sentence)


def _mean(mean: Mean | None) -> str | None:
    return None if mean is None else f"{mean.mean:.2f} [{mean.low:.2f}, {mean.high:.2f}]"
