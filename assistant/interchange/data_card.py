"""What a person needs to know of a file of examples before using it, as Markdown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

from assistant.interchange.checks import CheckReport
from assistant.interchange.coverage import Coverage
from assistant.records import Assistant, Example, content_hash

_SECTIONS_NAMED = 40  # sections without examples


def data_card(
    assistant: Assistant,
    examples: Sequence[Example],
    report: CheckReport,
    coverage: Coverage,
    file_name: str,
    shape: str,
    sha256: str,
    written: datetime,
) -> str:
    """The card of a file. sha256: of the file. Personal data is counted, never shown."""
    leaks = report.leaks
    parts = [
        f"# Examples of {_plain(assistant.name)}",
        _plain(assistant.task),
        "**Licence:** (fill in before this data is passed on; the documents it was written from "
        "have licences of their own)",
        f"`{file_name}` holds {len(examples):,} questions with answers in the {shape} shape, "
        f"written on {written:%Y-%m-%d}.\n\n"
        f"- SHA-256 of the file: `{sha256}`\n"
        f"- SHA-256 of the examples: `{examples_sha256(examples)}`",
        "## Counts",
        _counts("Split", Counter(example.split for example in examples)),
        _counts("Source", Counter(example.source for example in examples)),
        _counts("Method", Counter(example.method or "not stated" for example in examples)),
        f"{sum(not e.answerable for e in examples):,} ask for what the documents do not say.",
        "## Coverage",
        coverage.sentence,
        _coverage(coverage),
        _empty_sections(coverage),
        "## Leak check",
        leaks.sentence if leaks else "Not made.",
        "## Languages and lengths",
        _counts(
            "Language", {one.code or "too short to tell": one.count for one in report.languages}
        ),
        report.lengths.sentence,
        "## Copies and contradictions",
        f"- Questions that stand more than once, word for word: {len(report.exact):,}\n"
        f"- Groups of questions that nearly repeat each other: {len(report.near):,}\n"
        f"- Of both, with different answers: {len(report.contradictions):,}",
        "## Personal data",
        _personal(report),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def examples_sha256(examples: Iterable[Example]) -> str:
    """SHA-256 of what the examples say and are used for, the same in every shape and format."""
    return content_hash(
        [[e.question, e.answer, e.split, e.answerable, e.passage, e.fact] for e in examples]
    )


def _counts(title: str, counts: Counter[str] | dict[str, int]) -> str:
    if not counts:
        return ""
    most_first = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return _table((title, "Examples"), [(name, f"{count:,}") for name, count in most_first])


def _coverage(coverage: Coverage) -> str:
    rows = [
        (
            document.document,
            f"{len(document.sections) - len(document.empty):,} of {len(document.sections):,}",
            f"{document.total:,}",
        )
        for document in coverage.documents
    ]
    if not rows:
        return ""
    return _table(("Document", "Sections with examples", "Examples"), rows)


def _empty_sections(coverage: Coverage) -> str:
    empty = [one for document in coverage.documents for one in document.empty]
    if not empty:
        return ""
    named = [
        f"- {_plain(one.document)}: {_plain(one.heading or 'without a heading')}"
        for one in empty[:_SECTIONS_NAMED]
    ]
    more = len(empty) - len(named)
    return "Without examples:\n\n" + "\n".join(
        [*named, *([f"- and {more:,} more"] if more else [])]
    )


def _personal(report: CheckReport) -> str:
    if not report.personal:
        return "None of the patterns was found (e-mail, telephone, card, IBAN, national ids, IP)."
    counts = report.personal_counts
    found = _table(("Kind", "Places"), [(kind, f"{count:,}") for kind, count in counts.items()])
    return f"In {len(report.flagged):,} examples, by pattern:\n\n{found}"


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [" | ".join(columns), " | ".join("---" for _ in columns)]
    lines += [" | ".join(_plain(cell) for cell in row) for row in rows]
    return "\n".join(f"| {line} |" for line in lines)


def _plain(text: str) -> str:
    """Text on one line that Markdown leaves as it is."""
    kept = " ".join(text.split())
    return kept.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("`", "\\`")
