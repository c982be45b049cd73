"""A file of examples before it is taken in: what was recognised, what is wrong, how it looks."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from assistant.drawing.histogram import Bin, histogram
from assistant.drawing.languages import language_name
from assistant.drawing.tables import press
from assistant.drawing.words import counted
from assistant.interchange.checks import CheckReport, SameQuestion
from assistant.interchange.importing import Fault, ReadFile
from assistant.interchange.preview import Preview
from assistant.ui.examples_html import clipped
from assistant.ui.inline_downloads import csv_link

_FAULTS = 12
_GROUPS = 8
_FINDINGS = 12

_SHAPES = {
    "duet": "Duet's own columns",
    "question-answer": "question and answer",
    "sharegpt": "ShareGPT",
    "alpaca": "Alpaca",
    "openai": "OpenAI messages",
    "prompt-completion": "prompt and completion",
}


def import_report(report: CheckReport, known: int) -> str:
    """known: how many of the file's examples the assistant has already."""
    read = report.read
    if read is None:
        return ""
    facts = [
        ("Examples", f"{report.count:,}"),
        ("Shape", _SHAPES.get(read.shape or "", "not recognised")),
        ("Format", read.format.upper() if read.format != "parquet" else "Parquet"),
        ("Faulty", counted(len(read.faults), read.unit)),
        ("Already here", f"{known:,}"),
    ]
    named = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(said)}</dd></div>" for name, said in facts
    )
    notes = "".join(f'<p class="quiet">{escape(note)}</p>' for note in read.notes)
    return (
        f'<h3 class="section" dir="auto">{escape(read.name)}</h3><dl class="facts">{named}</dl>'
        f"{notes}{_faults(read)}{_lengths(report)}{_repeats(report)}{_languages(report)}"
        f"{_personal(report)}"
    )


def preview_html(preview: Preview, number: int, total: int) -> str:
    """One example as it will be trained. number: from 0."""
    text = "".join(
        f'<span class="{"trained" if segment.trained else "given"}">{escape(segment.text)}</span>'
        for segment in preview.segments
    )
    said = f"{preview.tokens:,} tokens, of which {preview.trained_tokens:,} are trained on."
    if preview.exceeds:
        said += f" Longer than {preview.max_length:,} tokens: training leaves it out."
    return (
        f"{_turner(number, total)}"
        '<ul class="legend"><li><i class="given"></i>given to the model</li>'
        '<li><i class="trained"></i>trained on: what it learns to say</li></ul>'
        f'<div class="template" dir="auto" tabindex="0" aria-label="As it will be trained">{text}'
        f'</div><p class="quiet">{escape(said)}</p>'
    )


def plain_preview(question: str, answer: str, number: int, total: int, reason: str) -> str:
    """The same where the base model is not on this machine: its words alone. reason: why."""
    return (
        f'{_turner(number, total)}<div class="template" dir="auto">'
        f'<span class="given">{escape(question)}</span>\n'
        f'<span class="trained">{escape(answer)}</span></div>'
        f'<p class="quiet">{escape(reason)}</p>'
    )


def _turner(number: int, total: int) -> str:
    earlier = press("Previous", "sample", str(number - 1)) if number else ""
    later = press("Next", "sample", str(number + 1)) if number + 1 < total else ""
    said = f"Example {number + 1:,} of {total:,}, as it will be trained"
    return f'<div class="pager">{earlier}<span class="quiet">{said}</span>{later}</div>'


def _faults(read: ReadFile) -> str:
    if not read.faults:
        return ""

    def line(fault: Fault) -> str:
        return f"<li>{escape(read.unit)} {fault.line:,}: {escape(fault.reason)}</li>"

    items = "".join(line(fault) for fault in read.faults[:_FAULTS])
    more = len(read.faults) - _FAULTS
    items += f'<li class="quiet">and {more:,} more in the list</li>' if more > 0 else ""
    rows = [(fault.line, fault.reason) for fault in read.faults]
    link = csv_link("faults.csv", (read.unit, "fault"), rows)
    many = counted(len(read.faults), f"faulty {read.unit}")
    return (
        f'<div class="notice bad" role="alert"><strong>Problem</strong><div>{many}'
        f"<ul>{items}</ul>{link}</div></div>"
    )


def _lengths(report: CheckReport) -> str:
    lengths = report.lengths
    bins = [Bin(one.low, one.high, one.count) for one in lengths.bins]
    drawn = histogram(bins, lengths.unit, "examples", f"Lengths: {lengths.sentence}")
    return _part("Length", f"<p>{escape(lengths.sentence)}</p>{drawn}") if bins else ""


def _repeats(report: CheckReport) -> str:
    read = report.read
    said = []
    if read and read.repeated:
        said.append(f"{counted(read.repeated, read.unit)} repeated word for word, taken once")
    if report.exact:
        said.append(f"{counted(len(report.exact), 'question')} asked more than once")
    if report.near:
        said.append(f"{counted(len(report.near), 'group')} of nearly the same question")
    if report.contradictions:
        said.append(f"{counted(len(report.contradictions), 'question')} with different answers")
    if not said:
        return _part("Repeats", "<p>None.</p>")
    groups = _groups("Different answers to one question", report.contradictions)
    groups += _groups("Nearly the same question", report.near)
    return _part("Repeats", f"<p>{escape('; '.join(said))}.</p>{groups}")


def _groups(title: str, groups: Sequence[SameQuestion]) -> str:
    if not groups:
        return ""
    items = "".join(
        f'<li dir="auto"><strong>{escape(clipped(group.question, 160))}</strong><br>'
        + " / ".join(escape(clipped(answer, 120)) for answer in group.answers[:4])
        + "</li>"
        for group in groups[:_GROUPS]
    )
    more = len(groups) - _GROUPS
    items += f'<li class="quiet">and {more:,} more</li>' if more > 0 else ""
    return f'<details><summary>{escape(title)}</summary><ul class="plain">{items}</ul></details>'


def _languages(report: CheckReport) -> str:
    said = ", ".join(
        f"{language_name(one.code) if one.code else 'too short to tell'} {one.count:,}"
        for one in report.languages
    )
    of = f" (judged by {report.judged:,} of them)" if report.judged < report.count else ""
    return _part("Languages", f"<p>{escape(said)}{of}.</p>") if said else ""


def _personal(report: CheckReport) -> str:
    if not report.personal:
        return _part("Personal data", "<p>None of the patterns was found.</p>")
    counts = ", ".join(f"{kind}: {count:,}" for kind, count in report.personal_counts.items())
    items = "".join(
        f'<li><span class="quiet">{f"{report.read.unit} {one.line:,}, " if _lined(report) else ""}'
        f"{escape(one.field)}:</span> {escape(one.text)}</li>"
        for one in report.personal[:_FINDINGS]
        if report.read
    )
    more = len(report.personal) - _FINDINGS
    items += f'<li class="quiet">and {more:,} more</li>' if more > 0 else ""
    found = counted(len(report.flagged), "example")
    return _part(
        "Personal data",
        f"<p>In {found}: {escape(counts)}. Training could make the model say it.</p>"
        f'<details><summary>Where</summary><ul class="plain">{items}</ul></details>',
    )


def _lined(report: CheckReport) -> bool:
    return all(one.line is not None for one in report.personal)


def _part(title: str, body: str) -> str:
    return f'<section class="part"><h3>{escape(title)}</h3>{body}</section>'
