"""The voters as HTML: what moves them, how far they agree, and the ratings by each of them."""

from __future__ import annotations

from html import escape

from assistant.drawing.ratings import part_table
from assistant.drawing.tables import Column, table
from assistant.drawing.words import counted
from assistant.ratings.raters import Agreement, Share
from assistant.ratings.report import Report

_LABELS = {
    "left": "the left one",
    "longer": "the longer one",
    "faster": "the faster one",
    "citing": "the one with citations, where one alone has them",
}


def voters(held: Report) -> str:
    """ "" where there are no blind votes."""
    if not held.kinds.n:
        return ""
    rows = [_row(_LABELS[share.name], share) for share in held.biases]
    columns = (
        Column("When an answer was preferred, it was"),
        Column("Of votes", numeric=True),
        Column("Share", numeric=True, hint="With its exact 95 % interval."),
        Column("Against one half"),
    )
    return (
        f"{table(columns, rows, 'What moves voters')}"
        f'<p class="quiet">{escape(_oneself(held.with_oneself))} {escape(_between(held.between))} '
        "A share away from one half is no proof of a bias: longer answers may be better ones.</p>"
        f"{part_table('Voter', held.voters, 'Ratings by voter') if len(held.voters) > 1 else ''}"
    )


def _row(label: str, share: Share) -> tuple[str, ...]:
    if share.share is None or share.low is None or share.high is None:
        return escape(label), "0", "–", "nothing to count"
    span = f"({100 * share.low:.0f} to {100 * share.high:.0f})"
    return (
        escape(label),
        f"{share.n:,}",
        f"{100 * share.share:.0f} % <small class='quiet'>{span}</small>",
        "differs" if share.differs else "does not differ",
    )


def _oneself(share: Share) -> str:
    if share.share is None or share.low is None or share.high is None:
        return "No voter has judged a question again with the sides swapped."
    return (
        f"Asked again with the sides swapped, voters said the same {share.count:,} times of "
        f"{share.n:,} ({100 * share.share:.0f} %, 95 % interval {100 * share.low:.0f} to "
        f"{100 * share.high:.0f} %)."
    )


def _between(agreement: Agreement) -> str:
    if agreement.observed is None:
        return "No comparison was judged by several voters."
    names = {"cohen": "Cohen's", "fleiss": "Fleiss'"}
    kappa = (
        f"{names[agreement.method]} kappa {agreement.kappa:.2f}"
        if agreement.kappa is not None
        else "kappa is not defined, since all of them always said one and the same"
    )
    return (
        f"{counted(agreement.comparisons, 'comparison')} judged by several of "
        f"{counted(agreement.voters, 'voter')}: {100 * agreement.observed:.0f} % of the pairs of "
        f"votes agree ({kappa})."
    )
