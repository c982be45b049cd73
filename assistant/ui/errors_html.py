"""The errors of an evaluation as HTML: classes, what was fixed and what broke, and the facts."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from assistant.drawing.tables import Column, table
from assistant.drawing.words import NAMES, counted
from assistant.evaluation.before_after import (
    OUTCOMES,
    BeforeAfter,
    GroupCount,
    Outcome,
    class_counts,
)
from assistant.evaluation.error_classes import CLASSES, RULES, TITLES, ClassedAnswer
from assistant.evaluation.error_report import ErrorReport
from assistant.evaluation.word_diff import word_diff
from assistant.ui.inline_downloads import csv_link
from assistant.verdict.recommendation import p_words

OUTCOME_NAMES: dict[Outcome, str] = {
    "fixed": "Fixed",
    "broken": "Broken",
    "still_wrong": "Still wrong",
    "still_right": "Still right",
}
_MOST = 200  # questions shown of one list
_LONGEST = 4000  # characters of an answer that are shown

_ACTIONS = (
    '<div class="error-actions"><span>With the ticked questions:</span>'
    '<button type="button" class="small" data-action="wordings">Write more wordings</button>'
    '<button type="button" class="small" data-action="example">Add to examples</button>'
    '<button type="button" class="small" data-action="review">Send to review</button>'
    '<button type="button" class="small" data-action="arena">Put into the arena</button></div>'
    '<p class="quiet">A test question is never trained on, or it would test nothing. Wordings and '
    "examples train the same fact in other words; one that repeats a test question is refused and "
    "named. The arena offers a question in a new chat, for a blind comparison of the two.</p>"
)


def questions_of(report: ErrorReport) -> list[ClassedAnswer]:
    """The answers behind the numbers of the tick boxes: of the contender after, else of the first
    contender."""
    if report.comparison is not None:
        return [change.after for change in report.comparison.changes]
    return list(report.answers(report.contenders[0]))


def report_html(report: ErrorReport) -> str:
    """All of the section."""
    middle = (
        _comparison(report.comparison)
        if report.comparison is not None
        else f'<p class="quiet">{escape(report.reason)}</p>{_one_contender(report)}'
    )
    return f"{_classes(report)}{_ACTIONS}{middle}{_facts(report)}"


def diff_html(before: str, after: str) -> str:
    """The two answers as one text, what was taken away struck out, what was added underlined."""
    said = []
    for piece in word_diff(before[:_LONGEST], after[:_LONGEST]):
        text = escape(piece.text)
        if piece.mark == "removed":
            text = f"<del>{text}</del>"
        elif piece.mark == "added":
            text = f"<ins>{text}</ins>"
        said.append(text)
    return "".join(said)


def _classes(report: ErrorReport) -> str:
    counts = [class_counts(report.answers(one)) for one in report.contenders]
    seen = [name for name in CLASSES if any(name in own for own in counts)]
    columns = [
        Column("Class"),
        *(Column(NAMES[one.kind], numeric=True) for one in report.contenders),
        Column("Rule"),
    ]
    rows = [
        (
            f"<strong>{TITLES[name]}</strong>",
            *(f"{own.get(name, 0):,}" for own in counts),
            f'<small class="quiet">{escape(RULES[name])}</small>',
        )
        for name in seen
    ]
    flat = [(TITLES[name], *(own.get(name, 0) for own in counts), RULES[name]) for name in seen]
    titles = [column.title for column in columns]
    return (
        '<h3 class="section">What went wrong</h3><p class="quiet">Every answer has one class, by '
        f"rules checked in a fixed order.</p>{table(columns, rows, 'Answers by class')}"
        f"{csv_link('errors-by-class.csv', titles, flat)}"
    )


def _comparison(comparison: BeforeAfter) -> str:
    total = comparison.total
    names = NAMES[comparison.before.kind], NAMES[comparison.after.kind]
    bars = "".join(
        f'<span class="{outcome}" style="flex-grow:{getattr(total, outcome)}">'
        f"{OUTCOME_NAMES[outcome]} {getattr(total, outcome)}</span>"
        for outcome in OUTCOMES
        if getattr(total, outcome)
    )
    left_out = ""
    if comparison.unjudged or comparison.unpaired:
        left_out = (
            f" Left out: {counted(comparison.unjudged, 'question')} without a reference answer, "
            f"{counted(comparison.unpaired, 'question')} that only one was asked."
        )
    sentence = (
        f"From {names[0]} to {names[1]}: {total.fixed} fixed, {total.broken} broken, of "
        f"{counted(total.n, 'question')} (McNemar's exact test: {p_words(comparison.p_value)})."
    )
    lists = "".join(_outcome(comparison, outcome) for outcome in OUTCOMES)
    groups = "".join(
        _groups(title, own)
        for title, own in (
            ("By document", comparison.by_document()),
            ("By topic", comparison.by_topic()),
            ("By type of question", comparison.by_type()),
        )
    )
    return (
        f'<h3 class="section">Before and after</h3><p>{escape(sentence + left_out)}</p>'
        f'<div class="outcomes" role="img" aria-label="{escape(sentence)}">{bars}</div>'
        f"{lists}{_all_questions(comparison)}{groups}"
    )


def _outcome(comparison: BeforeAfter, outcome: Outcome) -> str:
    numbered = [
        (number, change)
        for number, change in enumerate(comparison.changes)
        if change.outcome == outcome
    ]
    if not numbered:
        return ""
    items = []
    for number, change in numbered[:_MOST]:
        before, after = change.before, change.after
        moved = f"{TITLES[before.error_class]} → {TITLES[after.error_class]}"
        difference = diff_html(before.evaluated.answer.text, after.evaluated.answer.text)
        items.append(
            _item(
                number,
                change.question.question,
                moved,
                f'<p class="diff">{difference}</p>{_about(after, before.evidence)}',
            )
        )
    more = len(numbered) - _MOST
    rest = f"<p class='quiet'>and {more} more; the download has all</p>" if more > 0 else ""
    shown = " open" if outcome in ("broken",) else ""
    return (
        f'<details class="outcome {outcome}"{shown}><summary>{OUTCOME_NAMES[outcome]} '
        f"<small>{len(numbered)}</small></summary>{''.join(items)}{rest}</details>"
    )


def _one_contender(report: ErrorReport) -> str:
    wrong = [(number, one) for number, one in enumerate(questions_of(report)) if not one.right]
    items = "".join(
        _item(
            number,
            one.evaluated.question.question,
            TITLES[one.error_class],
            f"<p>{escape(one.evaluated.answer.text[:_LONGEST])}</p>{_about(one)}",
        )
        for number, one in wrong[:_MOST]
    )
    return (
        f'<details class="outcome" open><summary>Wrong <small>{len(wrong)}</small></summary>'
        f"{items}</details>"
    )


def _item(number: int, question: str, moved: str, body: str) -> str:
    label = escape(f"Choose: {question}")
    return (
        f'<div class="error-item"><input type="checkbox" data-question="{number}" '
        f'aria-label="{label}"><details><summary>{escape(question)} '
        f'<small class="quiet">{escape(moved)}</small></summary>{body}</details></div>'
    )


def _about(one: ClassedAnswer, evidence_before: str = "") -> str:
    question = one.evaluated.question
    parts = []
    if question.answers:
        parts.append(f"<dt>Reference</dt><dd>{escape(question.answers[0])}</dd>")
    if evidence_before:
        parts.append(f"<dt>Before</dt><dd>{escape(evidence_before)}</dd>")
    parts.append(
        f"<dt>{'After' if evidence_before else 'Seen'}</dt><dd>{escape(one.evidence)}</dd>"
    )
    if one.passage is not None:
        where = f"{one.passage.document}, rank {one.passage.rank}"
        parts.append(
            f"<dt>Passage</dt><dd>{escape(one.passage.text[:600])} "
            f'<small class="quiet">{escape(where)}</small></dd>'
        )
    if one.notes:
        parts.append(f"<dt>Notes</dt><dd>{escape('; '.join(one.notes))}</dd>")
    return f"<dl>{''.join(parts)}</dl>"


def _groups(title: str, groups: Sequence[GroupCount]) -> str:
    columns = [Column(title.removeprefix("By ").capitalize())]
    columns += [Column(OUTCOME_NAMES[outcome], numeric=True) for outcome in OUTCOMES]
    rows = [
        (escape(one.group), *(f"{getattr(one, outcome):,}" for outcome in OUTCOMES))
        for one in groups[:50]
    ]
    flat = [(one.group, *(getattr(one, outcome) for outcome in OUTCOMES)) for one in groups]
    name = f"{title.lower().replace(' ', '-')}.csv"
    return (
        f'<details class="outcome"><summary>{title}</summary>{table(columns, rows, title)}'
        f"{csv_link(name, [column.title for column in columns], flat)}</details>"
    )


def _all_questions(comparison: BeforeAfter) -> str:
    rows = [
        (
            change.question.question,
            change.outcome,
            change.document,
            change.topic,
            change.before.error_class,
            change.before.evaluated.answer.text,
            change.after.error_class,
            change.after.evaluated.answer.text,
            change.after.evidence,
        )
        for change in comparison.changes
    ]
    columns = ("question", "outcome", "document", "topic", "class before", "before")
    return csv_link("before-and-after.csv", (*columns, "class after", "after", "evidence"), rows)


def _facts(report: ErrorReport) -> str:
    ledger = report.ledger
    if not ledger.entries:
        return ""
    kinds = [one.kind for one in report.contenders]
    columns = [
        Column("Fact"),
        Column("Document"),
        Column("Retrieved at", numeric=True, hint="Rank of the best passage that holds it."),
        *(
            Column(NAMES[kind], numeric=True, hint="Right answers of those asked.")
            for kind in kinds
        ),
        Column(
            "Times trained", numeric=True, hint="Rows of the run's training file that carry it."
        ),
    ]
    rows, flat = [], []
    for entry in ledger.entries:
        shares = [entry.answered.get(kind) for kind in kinds]
        cells = [f"{one.right} of {one.asked}" if one else "–" for one in shares]
        rank = "–" if entry.rank is None else str(entry.rank)
        trained = "–" if entry.trained is None else f"{entry.trained:,}"
        rows.append((escape(entry.reference), escape(entry.document), rank, *cells, trained))
        flat.append((entry.reference, entry.document, entry.rank, *cells, entry.trained))
    hint = "" if ledger.keyed else "The questions name no facts, so each counts as one of its own. "
    if not ledger.run_id:
        hint += "How often a fact was trained is not known: the run is gone, or none took part."
    return (
        f'<details class="outcome"><summary>Fact by fact <small>{len(rows)}</small></summary>'
        f'<p class="quiet">{escape(hint)}</p>{table(columns, rows[:500], "Facts")}'
        f"{csv_link('facts.csv', [column.title for column in columns], flat)}</details>"
    )
