"""The command of error analysis."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer

from assistant.cli.output import AsJson, say, show_json, show_table
from assistant.cli.workspace import Name, opened
from assistant.evaluation.before_after import BeforeAfter, Change, GroupCount, class_counts
from assistant.evaluation.error_classes import CLASSES, RULES, TITLES, ClassedAnswer, ErrorClass
from assistant.evaluation.error_report import ErrorReport, error_report
from assistant.evaluation.fact_ledger import FactEntry
from assistant.evaluation.word_diff import as_text, word_diff
from assistant.question_groups import question_type
from assistant.records import Assistant
from assistant.review.from_errors import more_wordings
from assistant.verdict.recommendation import p_words
from assistant.workspace import Workspace

_SHOWN = 20  # questions of one list on the terminal


def errors(
    name: Name,
    evaluation: Annotated[str, typer.Option(help="Its id; the newest where not given.")] = "",
    before: Annotated[str, typer.Option(help="A kind or a version's id, as in base.")] = "",
    after: Annotated[str, typer.Option(help="A kind or a version's id, as in tuned.")] = "",
    before_evaluation: Annotated[
        str, typer.Option(help="Another evaluation, for the contender before.")
    ] = "",
    only: Annotated[
        ErrorClass | None, typer.Option("--class", help="Only answers of this class.")
    ] = None,
    facts: Annotated[bool, typer.Option("--facts", help="Show the ledger of facts.")] = False,
    wordings: Annotated[
        bool,
        typer.Option("--wordings", help="Write examples, by rule, for the facts answered wrongly."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Class every answer of an evaluation, and compare two contenders question by question."""
    with opened() as workspace:
        assistant = workspace.assistant(name)
        report = error_report(workspace, assistant, evaluation, before, after, before_evaluation)
        written = _write_wordings(workspace, assistant, report, only) if wordings else None
    if as_json:
        shown = _report_json(report, only)
        show_json(shown if written is None else {**shown, "wordings": written})
        return
    _say_classes(report)
    if only is not None:
        _say_answers(report, only)
    elif report.comparison is None:
        say(f"\n{report.reason}")
    else:
        _say_comparison(report.comparison)
    if facts:
        _say_facts(report)
    if written is not None:
        say(f"\n{len(written['added'])} examples written for the facts answered wrongly.")
        for wording, test in written["refused"].items():
            say(f"Refused: “{wording}” repeats the test question “{test}”.")
        for question, reason in written["passed_over"].items():
            say(f"Passed over: “{question}”: {reason}.")


def _write_wordings(
    workspace: Workspace, assistant: Assistant, report: ErrorReport, only: ErrorClass | None
) -> dict[str, Any]:
    wrong = {
        one.evaluated.question.id: one.evaluated.question
        for own in report.classed.values()
        for one in own
        if one.evaluated.question.in_scope and (one.error_class == only if only else not one.right)
    }
    made = more_wordings(workspace, assistant, list(wrong.values()))
    return {
        "added": [
            {"question": example.question, "answer": example.answer} for example in made.examples
        ],
        "refused": dict(made.refused),
        "passed_over": dict(made.passed_over),
    }


def _say_classes(report: ErrorReport) -> None:
    counts = {one.id: class_counts(report.answers(one)) for one in report.contenders}
    rows = [
        (TITLES[name], *(counts[one.id].get(name, 0) for one in report.contenders))
        for name in CLASSES
        if any(name in own for own in counts.values())
    ]
    show_table(("Class", *(one.kind for one in report.contenders)), rows)


def _say_answers(report: ErrorReport, only: ErrorClass) -> None:
    say(f"\n{TITLES[only]}: {RULES[only]}")
    for contender in report.contenders:
        found = [one for one in report.answers(contender) if one.error_class == only]
        for one in found[:_SHOWN]:
            say(f"\n{contender.kind}: {one.evaluated.question.question}")
            say(f"  said: {one.evaluated.answer.text}")
            say(f"  {one.evidence}")
        if len(found) > _SHOWN:
            say(f"\nand {len(found) - _SHOWN} more of {contender.kind}; --json has all")


def _say_comparison(comparison: BeforeAfter) -> None:
    total = comparison.total
    say(
        f"\n{comparison.before.kind} to {comparison.after.kind}: {total.fixed} fixed, "
        f"{total.broken} broken, {total.still_wrong} still wrong, {total.still_right} still right "
        f"(McNemar {p_words(comparison.p_value)})"
    )
    for title, groups in (
        ("Document", comparison.by_document()),
        ("Topic", comparison.by_topic()),
        ("Type", comparison.by_type()),
    ):
        show_table((title, "Fixed", "Broken", "Still wrong", "Still right"), _group_rows(groups))
    for outcome in ("fixed", "broken"):
        changes = comparison.of("fixed" if outcome == "fixed" else "broken")
        for change in changes[:_SHOWN]:
            say(f"\n{outcome}: {change.question.question}")
            say(f"  {_diff(change)}")
        if len(changes) > _SHOWN:
            say(f"\nand {len(changes) - _SHOWN} more {outcome}; --json has all")


def _say_facts(report: ErrorReport) -> None:
    ledger = report.ledger
    if not ledger.keyed:
        say("\nThe questions carry no fact keys, so each question counts as a fact of its own.")
    kinds = [one.kind for one in report.contenders]
    rows = []
    for entry in ledger.entries:
        shares = [entry.answered.get(kind) for kind in kinds]
        rows.append(
            (
                entry.reference[:60],
                entry.document,
                entry.rank or "-",
                *(f"{one.right}/{one.asked}" if one else "-" for one in shares),
                "-" if entry.trained is None else entry.trained,
            )
        )
    show_table(("Fact", "Document", "Rank", *kinds, "Trained"), rows)


def _group_rows(groups: list[GroupCount]) -> list[tuple[object, ...]]:
    return [(g.group, g.fixed, g.broken, g.still_wrong, g.still_right) for g in groups[:_SHOWN]]


def _diff(change: Change) -> str:
    old, new = change.before.evaluated.answer.text, change.after.evaluated.answer.text
    return as_text(word_diff(old, new))


def _report_json(report: ErrorReport, only: ErrorClass | None) -> dict[str, Any]:
    answers = [
        _answer_json(one)
        for contender in report.contenders
        for one in report.answers(contender)
        if only is None or one.error_class == only
    ]
    comparison = report.comparison
    return {
        "evaluation": report.evaluation.id,
        "question_set": report.evaluation.question_set,
        "rules": {name: RULES[name] for name in CLASSES},
        "classes": {one.kind: class_counts(report.answers(one)) for one in report.contenders},
        "answers": answers,
        "comparison": None if comparison is None else _comparison_json(comparison),
        "reason": report.reason,
        "facts": {
            "keyed": report.ledger.keyed,
            "run": report.ledger.run_id,
            "entries": [_fact_json(entry) for entry in report.ledger.entries],
        },
    }


def _answer_json(one: ClassedAnswer) -> dict[str, Any]:
    question, answer = one.evaluated.question, one.evaluated.answer
    return {
        "id": question.id,
        "question": question.question,
        "references": list(question.answers),
        "contender": answer.contender.kind,
        "version": answer.contender.id,
        "answer": answer.text,
        "class": one.error_class,
        "evidence": one.evidence,
        "values": list(one.values),
        "passage": None if one.passage is None else asdict(one.passage),
        "notes": list(one.notes),
    }


def _comparison_json(comparison: BeforeAfter) -> dict[str, Any]:
    total = asdict(comparison.total)
    del total["group"]
    return {
        "before": comparison.before.kind,
        "after": comparison.after.kind,
        **total,
        "p_value": comparison.p_value,
        "unjudged": comparison.unjudged,
        "unpaired": comparison.unpaired,
        "by_document": [asdict(group) for group in comparison.by_document()],
        "by_topic": [asdict(group) for group in comparison.by_topic()],
        "by_type": [asdict(group) for group in comparison.by_type()],
        "questions": [
            {
                "id": change.question.id,
                "question": change.question.question,
                "outcome": change.outcome,
                "document": change.document,
                "topic": change.topic,
                "type": question_type(change.question.question),
                "before": change.before.evaluated.answer.text,
                "after": change.after.evaluated.answer.text,
                "difference": _diff(change),
            }
            for change in comparison.changes
        ],
    }


def _fact_json(entry: FactEntry) -> dict[str, Any]:
    return {
        "fact": entry.key,
        "reference": entry.reference,
        "document": entry.document,
        "questions": [question.id for question in entry.questions],
        "rank": entry.rank,
        "answered": {kind: asdict(share) for kind, share in entry.answered.items()},
        "trained": entry.trained,
    }
