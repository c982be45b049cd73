"""The commands that conclude: the verdict, its report, and the decision that is taken."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from assistant.cli.output import AsJson, note, plain, say, show_json, show_table
from assistant.cli.workspace import Name, opened
from assistant.records import Decision
from assistant.verdict.gathering import Verdict
from assistant.verdict.gathering import verdict as read_verdict
from assistant.verdict.report import write_report

Kind = Literal["base", "rag", "tuned", "tuned+rag"]


def verdict(name: Name, as_json: AsJson = False) -> None:
    """RAG, the tuned model, or both: what the tests and votes say, and what would settle it."""
    with opened() as workspace:
        made = read_verdict(workspace, workspace.assistant(name))
    if as_json:
        said = plain(made)
        said["assistant"] = made.assistant.slug
        show_json(said)
    else:
        _say(made)


def report(
    name: Name,
    file: Annotated[Path, typer.Argument(help="To write: ends in .html, .md or .json.")],
) -> None:
    """Write the verdict with all its evidence as one file."""
    with opened() as workspace:
        write_report(workspace, workspace.assistant(name), file)
    say(f"Wrote {file}.")


def decide(
    name: Name,
    kind: Annotated[Kind, typer.Argument(help="What is going to be used.")],
    why: Annotated[str, typer.Option("--note", help="Why, in your words.")] = "",
    as_json: AsJson = False,
) -> None:
    """Keep which contender is used from now on, with what the verdict said then."""
    with opened() as workspace:
        assistant = workspace.assistant(name)
        contender = workspace.contender(assistant, kind)
        said = read_verdict(workspace, assistant).recommendation
        decision = Decision(
            id=str(uuid.uuid4()),
            assistant_id=assistant.id,
            kind=kind,
            run_id=contender.run_id,
            certainty=said.certainty,
            sentence=said.sentence,
            note=why.strip(),
            created_at=datetime.now(UTC),
        )
        workspace.store.add_decision(decision)
    if as_json:
        show_json(decision)
        return
    say(f"Kept: {kind} is used from now on.")
    if said.choice != kind:
        note(f"The verdict says otherwise: {said.sentence}")


def _say(made: Verdict) -> None:
    said = made.recommendation
    say(f"{said.sentence} ({said.certainty})")
    for line in (*said.reasons, *said.disagreements, *made.outdated):
        say(f"- {line}")
    say(f"What would help most: {said.next_step.sentence}\n")
    rows = []
    for one in made.evidence.contenders:
        quality = one.quality
        rating = one.preference
        rows.append(
            (
                one.kind,
                f"{100 * quality.value:.0f} % ({100 * quality.low:.0f} to {100 * quality.high:.0f})"
                if quality
                else "",
                f"{rating.rating:.0f} ({rating.low:.0f} to {rating.high:.0f})" if rating else "",
                f"{100 * one.grounded.value:.0f} %" if one.grounded else "",
                f"{one.answer_seconds:.1f} s" if one.answer_seconds is not None else "",
                f"{one.memory_gib:.1f} GiB" if one.memory_gib is not None else "",
                f"{one.build_minutes:.1f} min" if one.build_minutes is not None else "",
            )
        )
    columns = ("Contender", "Right", "Rating", "Grounded", "Answer", "Memory", "Built in")
    show_table(columns, rows)
