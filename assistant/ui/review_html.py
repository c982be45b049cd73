"""The review as HTML: one answer at a time, and what the experts said of all."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from assistant.drawing.tables import Column, empty, press, table
from assistant.drawing.words import NAMES, counted
from assistant.records import CRITERIA, KINDS
from assistant.review.agreement import agreements
from assistant.review.records import ReviewedItem, ReviewItem
from assistant.ui.inline_downloads import csv_link

_MEANT = {
    "relevance": "Does it answer what was asked?",
    "accuracy": "Is what it says right?",
    "coherence": "Is it clear and in order?",
    "creativity": "Does it help beyond the bare words?",
}


def item_html(item: ReviewItem, waiting: int) -> str:
    """The form of one answer; who gave it is not said."""
    rows = "".join(_criterion(name) for name in CRITERIA)
    reference = (
        f"<dt>Reference answer</dt><dd>{escape(item.reference)}</dd>" if item.reference else ""
    )
    passages = "".join(
        f"<li>{escape(passage.text[:1500])} <small class='quiet'>{escape(passage.document)}</small>"
        "</li>"
        for passage in item.passages
    )
    found = (
        f"<details><summary>Passages for this question</summary><ol>{passages}</ol></details>"
        if passages
        else ""
    )
    return (
        f'<article class="review-item" data-item="{escape(item.id)}">'
        f'<p class="quiet">{counted(waiting, "answer")} waiting for you</p>'
        f"<dl><dt>Question</dt><dd>{escape(item.question)}</dd>"
        f'<dt>Answer</dt><dd class="said">{escape(item.answer)}</dd>{reference}</dl>{found}'
        f'<div class="criteria">{rows}</div>'
        '<label>Comment<textarea data-field="comment" rows="2" maxlength="10000"></textarea>'
        "</label>"
        '<label>Corrected answer<textarea data-field="correction" rows="2" maxlength="10000">'
        "</textarea></label>"
        '<div class="review-buttons">'
        f'<button type="button" class="small main" data-action="save">Save (Enter)</button>'
        f'<button type="button" class="small" data-action="next">Next (N)</button>'
        f'<button type="button" class="small" data-action="skip">Skip (S)</button></div>'
        '<p class="quiet">By keyboard: 1 to 5 marks the criterion in focus and goes to the next, '
        "Tab moves, Enter saves, N looks at the next without saving, S puts this one last.</p>"
        "</article>"
    )


def nothing_html(reviewed: int) -> str:
    """What stands where no answer waits."""
    if reviewed:
        return empty("All done", "You have judged every answer that is under review.")
    return empty(
        "Nothing to review yet",
        "Send answers here from Errors, queue what was judged badly in the chat, or draw a sample "
        "of an evaluation.",
    )


def results_html(items: Sequence[ReviewedItem], blind: bool = False) -> str:
    """Agreement, means by contender and the corrected answers; "" before the first review.

    blind: whether this reviewer has answers left to judge, and so is not told who gave any.
    """
    done = [one for one in items if one.reviews]
    if not done:
        return ""
    named = ""
    if not blind:
        named = f"{_means(done)}{_all(done)}"
    return f"{_agreement(items)}{named}{_corrections(done)}"


def _criterion(name: str) -> str:
    marks = "".join(
        f'<label><input type="radio" name="review-{name}" value="{mark}" data-mark="{name}">'
        f"<span>{mark}</span></label>"
        for mark in range(1, 6)
    )
    return (
        f'<div class="criterion" role="radiogroup" tabindex="0" data-criterion="{name}" '
        f'aria-label="{name.capitalize()}, 1 to 5"><span title="{escape(_MEANT[name])}">'
        f'{name.capitalize()} <small class="quiet">{escape(_MEANT[name])}</small></span>'
        f"<span class='marks'>{marks}</span></div>"
    )


def _agreement(items: Sequence[ReviewedItem]) -> str:
    columns = (
        Column("Criterion"),
        Column(
            "Agreement",
            numeric=True,
            hint="Krippendorff's alpha for ordered marks: 1 is perfect, 0 is chance.",
        ),
        Column("Answers", numeric=True, hint="Marked by two reviewers or more."),
        Column("Means"),
    )
    rows, flat = [], []
    for one in agreements(items):
        value = "–" if one.alpha is None else f"{one.alpha:.2f}"
        rows.append((one.criterion.capitalize(), value, f"{one.items:,}", escape(one.words)))
        flat.append((one.criterion, one.alpha, one.items, one.words))
    titles = [column.title for column in columns]
    return (
        f'<h3 class="section">How far reviewers agree</h3>{table(columns, rows, "Agreement")}'
        f"{csv_link('agreement.csv', titles, flat)}"
    )


def _means(done: Sequence[ReviewedItem]) -> str:
    columns = [Column("Contender"), Column("Answers", numeric=True)]
    columns += [Column(name.capitalize(), numeric=True, hint="Mean mark.") for name in CRITERIA]
    rows = []
    for kind in KINDS:
        own = [one for one in done if one.item.kind == kind]
        if not own:
            continue
        cells = []
        for name in CRITERIA:
            marks = [r.marks[name] for one in own for r in one.reviews if name in r.marks]
            cells.append(f"{sum(marks) / len(marks):.1f} ({len(marks)})" if marks else "–")
        rows.append((NAMES[kind], f"{len(own):,}", *cells))
    return (
        f'<h3 class="section">Marks by contender</h3>{table(columns, rows, "Marks")}'
        f"{csv_link('marks.csv', [column.title for column in columns], rows)}"
    )


def _corrections(done: Sequence[ReviewedItem]) -> str:
    rows = [
        (
            escape(one.item.question),
            escape(review.correction),
            press("Keep as example", "keep", f"{one.item.id}:{review.reviewer}"),
        )
        for one in done
        for review in one.reviews
        if review.correction.strip()
    ]
    if not rows:
        return ""
    columns = (Column("Question"), Column("Corrected answer"), Column(""))
    return f'<h3 class="section">Corrected answers</h3>{table(columns, rows, "Corrections")}'


def _all(done: Sequence[ReviewedItem]) -> str:
    rows = [
        (
            one.item.question,
            one.item.answer,
            one.item.kind,
            *(review.marks.get(name) for name in CRITERIA),
            review.comment,
            review.correction,
        )
        for one in done
        for review in one.reviews
    ]
    columns = ("question", "answer", "contender", *CRITERIA, "comment", "correction")
    return csv_link("reviews.csv", columns, rows)
