"""The commands about examples: taking in, checking, listing and writing them out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from assistant.cli.output import AsJson, note, plain, say, show_json, show_table
from assistant.cli.workspace import Name, opened
from assistant.errors import ExamplesError, InvalidRequest
from assistant.interchange.checks import CheckReport, check_assistant, check_file
from assistant.interchange.coverage import coverage_of
from assistant.interchange.exporting import ExportFormat, ExportShape, export_examples
from assistant.interchange.importing import ReadFile, TakenIn, read_file, take_in
from assistant.interchange.masking import mask_stored
from assistant.interchange.preview import Preview, preview_examples
from assistant.records import ExampleSource, SplitName

examples = typer.Typer(no_args_is_help=True, help="Questions with reference answers.")

_SHOWN = 20  # findings of one kind on the terminal; --json has all
_TEXT = 90  # characters of a question or answer in a table


@examples.command("import")
def import_examples(
    name: Name,
    file: Annotated[Path, typer.Argument(help="JSONL, JSON, CSV, TSV or Parquet.")],
    mask: Annotated[bool, typer.Option("--mask", help="Replace personal data by labels.")] = False,
    skip_faulty: Annotated[
        bool, typer.Option("--skip-faulty", help="Take in what is sound of a faulty file.")
    ] = False,
    preview: Annotated[
        int, typer.Option(min=0, help="Show the first N as they are trained; take nothing in.")
    ] = 0,
    as_json: AsJson = False,
) -> None:
    """Import examples: Duet's columns, ShareGPT, Alpaca, OpenAI messages, prompt and completion."""
    with opened() as workspace:
        assistant = workspace.assistant(name)
        if preview:
            read = read_file(file, assistant)
            shown = read.examples[:preview]
            note(read.sentence)
            _show_previews(preview_examples(workspace, assistant, shown), as_json)
            return
        taken = take_in(workspace.store, assistant, file, mask=mask, skip_faulty=skip_faulty)
    if as_json:
        show_json(_taken_json(taken))
        return
    say(f"{taken.added} new examples.")
    say(taken.read.sentence)
    for sentence in taken.sentences:
        note(sentence)


@examples.command("check")
def check(
    name: Name,
    file: Annotated[
        Path | None, typer.Argument(help="Checked before it is taken in; none: what is in.")
    ] = None,
    mask: Annotated[
        bool, typer.Option("--mask", help="Then mask personal data in the examples that are in.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check lengths, copies, contradictions, languages, personal data, and that no test leaks."""
    if mask and file is not None:
        raise InvalidRequest(
            "--mask is for the examples that are in: import the file with --mask instead."
        )
    with opened() as workspace:
        assistant = workspace.assistant(name)
        if file is None:
            report = check_assistant(workspace, assistant)
            coverage = coverage_of(workspace, assistant)
        else:
            report, coverage = check_file(workspace, assistant, file), None
        masked = mask_stored(workspace.store, assistant.id, report.flagged) if mask else {}
    if as_json:
        show_json({**_report_json(report), "coverage": coverage, "masked": masked})
    else:
        _say_report(report)
        if coverage:
            say(coverage.sentence)
        if masked:
            say(f"Masked {sum(masked.values()):,} pieces of personal data.")
    if report.read is not None and report.read.faults:
        raise ExamplesError(report.read.refusal)
    if report.leaks is not None and not report.leaks.ok:
        raise ExamplesError(
            f"{report.leaks.sentence} Edit or reject the examples named, and check again."
        )


@examples.command("list")
def list_examples(
    name: Name,
    split: Annotated[SplitName | None, typer.Option(help="Only of this split.")] = None,
    source: Annotated[ExampleSource | None, typer.Option(help="Only from there.")] = None,
    flagged: Annotated[
        bool, typer.Option("--flagged", help="Only those that a person should look at.")
    ] = False,
    rejected: Annotated[
        bool, typer.Option("--rejected", help="Those that a person rejected.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List examples."""
    with opened() as workspace:
        assistant = workspace.assistant(name)
        found = [
            example
            for example in workspace.store.examples(assistant.id, split, rejected=rejected)
            if (source is None or example.source == source) and (example.flags or not flagged)
        ]
    if as_json:
        show_json(found)
        return
    rows = [
        (e.id, e.split, e.source, _cut(e.question), _cut(e.answer), ", ".join(e.flags))
        for e in found
    ]
    show_table(("Id", "Split", "Source", "Question", "Answer", "Flags"), rows)


@examples.command("export")
def export(
    name: Name,
    target: Annotated[Path, typer.Argument(help="A new file, or a folder.")],
    shape: Annotated[ExportShape, typer.Option(help="Shape of the rows.")] = "duet",
    format: Annotated[
        ExportFormat | None, typer.Option(help="By the file's ending where not given.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write the examples to a file with a data card beside it."""
    with opened() as workspace:
        exported = export_examples(workspace, workspace.assistant(name), target, shape, format)
    if as_json:
        show_json(exported)
    else:
        say(
            f"{exported.count} examples written to {exported.path} ({exported.shape}, "
            f"{exported.format}); the data card is {exported.card}."
        )


def _say_report(report: CheckReport) -> None:
    if report.read is not None:
        say(report.read.sentence)
        for sentence in report.read.notes:
            say(sentence)
    say(f"{report.count:,} examples. Lengths: {report.lengths.sentence}")
    for group in report.exact[:_SHOWN]:
        say(f"Asked {len(group.ids)} times: “{_cut(group.question)}”")
    say(
        f"Questions that stand more than once: {len(report.exact):,}. Groups that nearly repeat "
        f"each other: {len(report.near):,}. With different answers: {len(report.contradictions):,}."
    )
    for group in report.contradictions[:_SHOWN]:
        say(f"  “{_cut(group.question)}”: " + " / ".join(map(_cut, group.answers)))
    languages = ", ".join(
        f"{one.code or 'too short to tell'} {one.count}" for one in report.languages
    )
    say(f"Languages: {languages or 'none'}.")
    personal = ", ".join(f"{kind} {count}" for kind, count in report.personal_counts.items())
    say(f"Personal data: {personal or 'none found'}.")
    for one in report.personal[:_SHOWN]:
        where = f"line {one.line}" if one.line is not None else one.example_id
        say(f"  {where}, {one.field} [{one.start}-{one.end}]: {one.text}")
    if report.leaks is not None:
        say(report.leaks.sentence)
        for leak in report.leaks.leaks[:_SHOWN]:
            trained = f" / “{_cut(leak.trained)}”" if leak.trained else ""
            say(f"  {leak.kind}: “{_cut(leak.test)}”{trained} ({leak.detail})")


def _report_json(report: CheckReport) -> dict[str, object]:
    shown: dict[str, object] = plain(report)
    shown["personal_counts"] = report.personal_counts
    if report.read is not None:
        shown["read"] = _read_json(report.read)
    if report.leaks is not None:
        leaks = plain(report.leaks)
        shown["leaks"] = {"ok": report.leaks.ok, "sentence": report.leaks.sentence, **leaks}
    return shown


def _read_json(read: ReadFile) -> dict[str, object]:
    """A file as it was read, without the examples themselves."""
    shown: dict[str, object] = plain(replace(read, examples=(), lines=()))
    del shown["examples"], shown["lines"]
    return {**shown, "examples": len(read.examples), "faults": plain(read.faults)}


def _taken_json(taken: TakenIn) -> dict[str, object]:
    return {
        "added": taken.added,
        "known": taken.known,
        "skipped": taken.skipped,
        "masked": dict(taken.masked),
        "read": _read_json(taken.read),
    }


def _show_previews(previews: Sequence[Preview], as_json: bool) -> None:
    if as_json:
        show_json(previews)
        return
    for number, one in enumerate(previews, start=1):
        left_out = f", above the max length of {one.max_length}" if one.exceeds else ""
        say(f"{number}. {one.tokens} tokens, {one.trained_tokens} trained{left_out}")
        for segment in one.segments:
            say("--- trained" if segment.trained else "--- not trained")
            say(segment.text)
        say("")


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _TEXT else f"{line[: _TEXT - 1]}…"
