"""Counts of votes as HTML: mean marks, and the open votes, which rate nothing."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from assistant.drawing.tables import Column, table
from assistant.drawing.words import EXPLAINED, NAMES, counted
from assistant.records import CRITERIA
from assistant.tallies import Standing, Tally

_COUNTS = (
    Column("Votes", numeric=True),
    Column("Wins", numeric=True),
    Column("Losses", numeric=True),
    Column("Ties", numeric=True),
    Column("Both bad", numeric=True),
    Column(
        "Preferred",
        numeric=True,
        hint="Share of the votes won, with ties and both-bads as halves, and its 95 % interval.",
    ),
)
_MARKS = tuple(
    Column(name.capitalize(), numeric=True, hint="Mean mark, 1 to 5, and how many were given.")
    for name in CRITERIA
)


def mean_marks(standings: Sequence[Standing]) -> str:
    """Mean marks by contender; "" where none were given."""
    rows = []
    for standing in standings:
        means = {mark.criterion: mark for mark in standing.marks}
        if not means:
            continue
        cells = [
            f"{means[name].mean:.1f} <small class='quiet'>({means[name].n})</small>"
            if name in means
            else "–"
            for name in CRITERIA
        ]
        rows.append((_contender(standing), *cells))
    return table((Column("Marks"), *_MARKS), rows, "Mean marks") if rows else ""


def open_votes(tally: Tally) -> str:
    """The open votes by pair, and their marks; "" where there are none."""
    if not tally.n:
        return ""
    rows = [
        (
            f"<strong>{NAMES[pair.kind]}</strong> against "
            f"{NAMES[pair.against_kind] if pair.against_kind else 'all'}",
            *_counts(pair),
        )
        for pair in tally.pairs
    ]
    pairs = table((Column("Pair"), *_COUNTS), rows, "Open votes by pair") if rows else ""
    return (
        '<h3 class="section">Open votes</h3><p class="quiet">Given or changed after the names were '
        f"shown. Counted apart; they rate nothing. {counted(tally.n, 'vote')}.</p>"
        f"{pairs}{mean_marks(tally.contenders)}"
    )


def _contender(standing: Standing) -> str:
    hint = escape(EXPLAINED[standing.kind])
    return f'<strong title="{hint}">{NAMES[standing.kind]}</strong>'


def _counts(standing: Standing) -> tuple[str, ...]:
    score = standing.score
    share = "–"
    if score.win_rate is not None and score.low is not None and score.high is not None:
        share = (
            f"{100 * score.win_rate:.0f} % <small class='quiet'>"
            f"({100 * score.low:.0f} to {100 * score.high:.0f})</small>"
        )
    counts = (score.n, score.wins, score.losses, score.ties, score.both_bad)
    return (*(f"{count:,}" for count in counts), share)
