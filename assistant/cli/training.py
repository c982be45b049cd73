"""The commands that train and look after runs."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from assistant.cli.output import AsJson, bar, note, plain, say, show_json, show_table
from assistant.cli.preferences import (
    ended_on_votes,
    refuse_settings_of_examples,
    started_on_votes,
)
from assistant.cli.training_settings import settings_line, with_settings
from assistant.cli.workspace import Name, opened
from assistant.errors import Conflict, InvalidRequest, TrainingError
from assistant.preferences.records import Method
from assistant.preferences.start import estimate_on_votes
from assistant.registry.labels import run_named
from assistant.registry.sources import learned
from assistant.registry.waiting import queue_of, waiting_sentence
from assistant.run_estimate import estimate_run
from assistant.runs import Run, Runs, TrainingSettings
from assistant.training.estimate import GIB, Preflight
from assistant.training.folder import RunFolder
from assistant.training.logs import LOGS, log_command
from assistant.workspace import Workspace

runs = typer.Typer(no_args_is_help=True, help="Fine-tuning runs of an assistant.")
_POLL_SECONDS = 0.5


@with_settings
def train(
    name: Name,
    settings: TrainingSettings,
    estimate: Annotated[
        bool, typer.Option("--estimate", help="Measure what it would cost, and train nothing.")
    ] = False,
    detach: Annotated[bool, typer.Option("--detach", help="Start it and return at once.")] = False,
    log: Annotated[
        list[str] | None,
        typer.Option(help="Write its figures for tensorboard, trackio or mlflow too."),
    ] = None,
    no_wait: Annotated[
        bool, typer.Option("--no-wait", help="Fail where another run is at work.")
    ] = False,
    from_votes: Annotated[
        Method | None, typer.Option(help="Go on from a tuned model, on the votes.")
    ] = None,
    from_run: Annotated[
        str | None,
        typer.Option("--run", help="With --from-votes: the run to go on from, else the latest."),
    ] = None,
    all_voters: Annotated[
        bool, typer.Option("--all-voters", help="With --from-votes: careless voters count too.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Fine-tune on the examples, and follow the run until it ends.

    Where another run is at work, of whatever assistant, it waits in the queue: `duet runs queue`
    shows it. Leaving with Ctrl-C leaves the run going, or waiting: `duet runs stop` ends it and
    saves what it has.
    """
    with opened() as workspace:
        assistant = workspace.assistant(name)
        if from_votes is None and (from_run is not None or all_voters):
            raise InvalidRequest("--run and --all-voters go with --from-votes: leave them out.")
        if from_votes is not None:
            if log:
                raise InvalidRequest("--log is for training on examples: leave it out here.")
            refuse_settings_of_examples(settings)
        if estimate:
            with bar() as report:
                if from_votes is None:
                    found = estimate_run(workspace, assistant, settings, report)
                else:
                    found = estimate_on_votes(
                        workspace,
                        assistant,
                        from_votes,
                        run_id=from_run,
                        epochs=settings.epochs,
                        learning_rate=settings.learning_rate,
                        careless=all_voters,
                        progress=report,
                    )
            _show_estimate(found, as_json)
            return
        if no_wait:
            refuse_where_busy(workspace)
        if from_votes is not None:
            run = started_on_votes(
                workspace,
                assistant,
                from_votes,
                from_run,
                settings.epochs,
                settings.learning_rate,
                all_voters,
            )
        else:
            with bar() as report:
                run = workspace.train(assistant, settings, report, log or ())
        say_that_it_waits(workspace, run)
        for name_of_log in log or ():
            folder = RunFolder(workspace.runs(assistant).folder / run.id)
            note(f"{LOGS[name_of_log]}: {log_command(name_of_log, folder)}")
        run = run if detach else follow(workspace.runs(assistant), run)
    _show(run, as_json)


@runs.command("list")
def list_runs(name: Name, as_json: AsJson = False) -> None:
    """List the runs, newest first, with how many of their rows are stale."""
    with opened() as workspace:
        assistant = workspace.assistant(name)
        found = workspace.runs(assistant).list()
        stale = [learned(workspace, assistant, run).stale for run in found]
    if as_json:
        show_json([{**plain(run), "stale": count} for run, count in zip(found, stale, strict=True)])
        return
    rows = []
    for run, count in zip(found, stale, strict=True):
        last = run.steps[-1] if run.steps else None
        progress = f"{last.step}/{last.total_steps}" if last else ""
        loss = f"{last.loss:.3f}" if last else ""
        state = f"{run.state} ({run.position})" if run.position else run.state
        told = run.error or (f"trial of sweep {run.trial}" if run.trial else run.note)
        rows.append(
            (run.id, run.name, state, run.settings.preset, progress, loss, count or "", told)
        )
    show_table(("Run", "Name", "State", "Preset", "Step", "Loss", "Stale rows", ""), rows)


@runs.command("stop")
def stop_run(name: Name, run: str, as_json: AsJson = False) -> None:
    """Stop a run at its next step and save what it has learned, or take it out of the queue."""
    with opened() as workspace:
        found = workspace.runs(workspace.assistant(name))
        chosen = run_named(found, run)
        found.stop(chosen.id)
        stopped = follow(found, found.get(chosen.id))
    _show(stopped, as_json)


@runs.command("resume")
def resume_run(
    name: Name,
    run: str,
    detach: Annotated[bool, typer.Option("--detach", help="Start it and return at once.")] = False,
    as_json: AsJson = False,
) -> None:
    """Go on with a run that was stopped or interrupted."""
    with opened() as workspace:
        found = workspace.runs(workspace.assistant(name))
        resumed = found.resume(run_named(found, run).id)
        say_that_it_waits(workspace, resumed)
        resumed = resumed if detach else follow(found, resumed)
    _show(resumed, as_json)


def refuse_where_busy(workspace: Workspace) -> None:
    """Raise Conflict where a new run would wait."""
    queued = queue_of(workspace.queue)
    if queued:
        raise Conflict(
            f"Run {queued[0].run_id} of {queued[0].assistant} is at work: nothing was started. "
            "Without --no-wait the new one would wait for it."
        )


def say_that_it_waits(workspace: Workspace, run: Run) -> None:
    """A line on stderr about a run that is not at work yet."""
    if run.state == "queued":
        note(waiting_sentence(queue_of(workspace.queue), run.id))


def follow(found: Runs, run: Run) -> Run:
    """Show a run's progress until it ends. Raises TrainingError where it failed."""
    with bar() as report:
        while run.pending:
            if run.state == "queued":
                report(f"Waiting, number {run.position or 1} in the queue", 0.0)
            elif run.steps:
                last = run.steps[-1]
                speed = f"{last.tokens_per_second:.0f} tokens/s, {last.seconds_left:.0f} s left"
                stage = f"loss {last.loss:.3f}, {_evaluated(run)}{speed}"
                report(stage, last.step / last.total_steps)
            elif run.preflight is not None:
                report(run.preflight.sentence, 0.0)
            time.sleep(_POLL_SECONDS)
            run = found.get(run.id)
    if run.state in ("failed", "interrupted"):
        raise TrainingError(run.error or f"Run {run.id} was interrupted: resume it to go on.")
    return run


def _show_estimate(found: Preflight, as_json: bool) -> None:
    if as_json:
        show_json(found.as_json() | {"sentence": found.sentence})
        return
    say(found.sentence)
    parts = found.estimate
    say(
        f"{found.rows} rows, the longest of {found.longest} tokens, {found.rows_at_once} at once "
        f"and {found.accumulation} times a step; on {found.device_name}."
    )
    show_table(
        ("Memory by estimate", "GiB"),
        [
            (label, f"{size / GIB:.2f}")
            for label, size in (
                ("base model", parts.weights),
                ("adapter and its optimiser", parts.adapter),
                ("activations", parts.activations),
                ("logits of answer tokens", parts.logits),
                ("program", parts.overhead),
                ("together", parts.total),
            )
        ],
    )
    for sentence in found.notices:
        note(sentence)


def _evaluated(run: Run) -> str:
    """The figures of the last evaluation, for the line of progress."""
    recalls = [s.held_out_recall for s in run.steps if s.held_out_recall is not None]
    validated = [s.validation_loss for s in run.steps if s.validation_loss is not None]
    said = f"validation {validated[-1]:.3f}, " if validated else ""
    return said + (f"held-out recall {recalls[-1]:.2f}, " if recalls else "")


def _show(run: Run, as_json: bool) -> None:
    if as_json:
        show_json(run)
        return
    say(f"Run {run.id}: {run.state}")
    note(f"Settings: {settings_line(run.settings)}.")
    if run.steps:
        note(f"Loss {run.steps[0].loss:.3f} at the start, {run.steps[-1].loss:.3f} at the end.")
    if said := ended_on_votes(run):
        note(said)
    if "step" in run.final and run.final["step"] != run.final["steps"]:
        note(f"The adapter of step {run.final['step']} is kept, by {run.final['chosen_by']}.")
    for sentence in run.notices:
        note(sentence)
