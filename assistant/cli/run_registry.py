"""The commands about runs as a person keeps them: names, notes, the queue, comparisons."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from assistant.cli.output import AsJson, note, plain, say, show_json, show_table
from assistant.cli.workspace import Name, opened
from assistant.drawing.words import duration
from assistant.errors import InvalidRequest
from assistant.registry import labels
from assistant.registry.comparison import RunComparison, compare_runs
from assistant.registry.labels import run_named
from assistant.registry.sources import learned
from assistant.registry.waiting import Queued, queue_of
from assistant.runs import Run

RunName = Annotated[str, typer.Argument(help="The run: its id or name.")]


def add_to(runs: typer.Typer) -> None:
    """Register the commands of this module under `duet runs`."""
    runs.command("show")(show)
    runs.command("rename")(rename)
    runs.command("note")(annotate)
    runs.command("keep")(keep)
    runs.command("delete")(delete)
    runs.command("compare")(compare)
    runs.command("queue")(queue)


def show(name: Name, run: RunName, as_json: AsJson = False) -> None:
    """Show one run: what it learned from, what of that is stale, and what it came to."""
    with opened() as workspace:
        assistant = workspace.assistant(name)
        found = run_named(workspace.runs(assistant), run)
        sources = learned(workspace, assistant, found)
    if as_json:
        show_json({"run": found, "learned": {**plain(sources), "stale": sources.stale}})
        return
    say(f"Run {found.id}: {found.state}")
    for line in (found.name, found.note, found.error, sources.sentence):
        if line:
            say(line)
    rows = [(one.document, one.sections, one.rows, one.stale) for one in sources.documents]
    show_table(("Document", "Sections", "Rows", "Stale"), rows)


def rename(
    name: Name,
    run: RunName,
    new_name: Annotated[str, typer.Argument(help="Its name; empty for none.")],
    as_json: AsJson = False,
) -> None:
    """Give a run a name."""
    with opened() as workspace:
        runs = workspace.runs(workspace.assistant(name))
        changed = labels.rename(runs, run_named(runs, run).id, new_name)
    _show(changed, as_json)


def annotate(
    name: Name,
    run: RunName,
    text: Annotated[str, typer.Argument(help="The note, in place of the one it has.")],
    as_json: AsJson = False,
) -> None:
    """Write a note on a run."""
    with opened() as workspace:
        runs = workspace.runs(workspace.assistant(name))
        changed = labels.annotate(runs, run_named(runs, run).id, text)
    _show(changed, as_json)


def keep(name: Name, run: RunName, as_json: AsJson = False) -> None:
    """Let a run of a sweep answer as any other run does."""
    with opened() as workspace:
        runs = workspace.runs(workspace.assistant(name))
        changed = labels.keep_trial(runs, run_named(runs, run).id)
    _show(changed, as_json)


def delete(name: Name, run: RunName, as_json: AsJson = False) -> None:
    """Delete a run with its adapter; votes and evaluations of it stay."""
    with opened() as workspace:
        runs = workspace.runs(workspace.assistant(name))
        gone = labels.delete(runs, run_named(runs, run).id)
    if as_json:
        show_json(gone)
    else:
        say(f"Deleted: {gone.title}")


def compare(
    name: Name,
    runs: Annotated[list[str], typer.Argument(help="Two to six runs, by id or name.")],
    as_json: AsJson = False,
) -> None:
    """Put runs side by side: the settings that differ, what they cost and how they score."""
    with opened() as workspace:
        assistant = workspace.assistant(name)
        known = workspace.runs(assistant)
        found = compare_runs(workspace, assistant, [run_named(known, run).id for run in runs])
    if as_json:
        show_json(found)
        return
    titles = [one.run.title for one in found.runs]
    show_table(("", *titles), [*_results(found), *((d.name, *d.values) for d in found.differing)])


def queue(
    name: Annotated[str | None, typer.Argument(help="The assistant of a run to move.")] = None,
    run: Annotated[str | None, typer.Argument(help="The run to move: its id or name.")] = None,
    place: Annotated[
        int | None, typer.Option(min=1, help="Its new place, 1 for the next to start.")
    ] = None,
    out: Annotated[bool, typer.Option("--out", help="Take it out; its folder is kept.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show the runs that wait, of all assistants; or move one of them, or take it out."""
    if (run is None) != (place is None and not out) or (place is not None and out):
        raise InvalidRequest(
            "Name an assistant, a run and either --place N or --out; or nothing, to see the queue."
        )
    with opened() as workspace:
        if name is not None and run is not None:
            runs = workspace.runs(workspace.assistant(name))
            chosen = run_named(runs, run).id
            if place is not None:
                runs.move(chosen, place)
            else:
                runs.withdraw(chosen)
        workspace.queue.tend()
        found = queue_of(workspace.queue)
    if as_json:
        show_json(found)
    elif not found:
        note("No run is at work, and none waits.")
    else:
        show_table(("Place", "Assistant", "Run", "Name", "Starts in", "Takes"), _queued(found))


def _queued(found: Sequence[Queued]) -> list[tuple[object, ...]]:
    return [
        (
            one.position or "at work",
            one.assistant,
            one.run_id,
            one.name,
            "" if one.position == 0 else _about(one.starts_in),
            _about(one.takes),
        )
        for one in found
    ]


def _about(seconds: float | None) -> str:
    return "not measured" if seconds is None else f"about {duration(seconds)}"


def _results(found: RunComparison) -> list[tuple[str, ...]]:
    """What each run came to, a row for each figure that one of them has."""
    rows: list[tuple[str, ...]] = [("state", *(one.run.state for one in found.runs))]

    def add(name: str, values: Sequence[float | None], form: str) -> None:
        if any(value is not None for value in values):
            rows.append((name, *("" if v is None else format(v, form) for v in values)))

    last = [one.run.steps[-1] if one.run.steps else None for one in found.runs]
    add("minutes", [one.minutes for one in found.runs], ".1f")
    add("adapter, MB", [one.megabytes for one in found.runs], ".1f")
    add("loss", [step.loss if step else None for step in last], ".3f")
    add("held-out fact recall", [one.held_out_recall for one in found.runs], ".2f")
    add("stale rows", [float(one.learned.stale) for one in found.runs], ".0f")
    rows.append(("machine", *(one.machine for one in found.runs)))
    keys = dict.fromkeys(
        (score.question_set, score.kind, score.metric)
        for one in found.runs
        for score in one.scores
        if score.metric in ("fact_recall", "refusal")
    )
    for key in keys:
        means = [
            next(
                (s.mean.mean for s in one.scores if (s.question_set, s.kind, s.metric) == key), None
            )
            for one in found.runs
        ]
        add(" ".join((key[1], key[2].replace("_", " "), "on", key[0])), means, ".2f")
    return rows


def _show(run: Run, as_json: bool) -> None:
    if as_json:
        show_json(run)
    else:
        say(f"Run {run.id}: {run.name or 'no name'}{'; ' if run.note else ''}{run.note}")
