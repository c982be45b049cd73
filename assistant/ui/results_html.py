"""The results tab as HTML: where the votes stand, as pictures and as tables."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from assistant.records import CRITERIA
from assistant.tallies import Standing, Tallies, Tally
from assistant.ui.charts import Interval, Line, interval_chart, line_chart
from assistant.ui.tables import Column, empty, table
from assistant.ui.words import EXPLAINED, NAMES, counted

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


def verdict(tallies: Tallies) -> str:
    """What the blind votes say, in a sentence, no stronger than their interval."""
    blind = [pair for pair in tallies.blind.pairs if pair.score.n]
    if not blind:
        return (
            '<p class="verdict">No blind votes yet. Ask a question with two contenders and vote: '
            "the result is counted here.</p>"
        )
    return "".join(f'<p class="verdict">{escape(_pair_sentence(pair))}</p>' for pair in blind[:3])


def results(tallies: Tallies, csv: str, jsonl: str) -> str:
    """Everything below the verdict. csv, jsonl: addresses of the downloads."""
    if not tallies.blind.n and not tallies.open.n:
        return empty(
            "Nothing to count yet",
            "Every vote from the chat is counted here: by pair, by contender, and over time.",
        )
    parts = []
    for title, hint, tally in (
        ("Blind votes", "Given before the names were shown. These decide.", tallies.blind),
        ("Open votes", "Given or changed after the names were shown. Counted apart.", tallies.open),
    ):
        if tally.n:
            parts.append(_section(title, hint, tally))
    links = (
        f'<p class="downloads">Download all votes: <a href="{escape(csv)}" download>CSV</a> '
        f'<a href="{escape(jsonl)}" download>JSONL</a></p>'
    )
    return "".join(parts) + links


def _pair_sentence(pair: Standing) -> str:
    score = pair.score
    assert pair.against_kind is not None
    first, second = NAMES[pair.kind], NAMES[pair.against_kind]
    if score.low is None or score.high is None or score.win_rate is None:
        return f"{first} against {second}: no votes yet."
    votes = counted(score.n, "blind vote")
    span = f"95 % interval {100 * score.low:.0f} to {100 * score.high:.0f} %"
    if score.low > 0.5:
        return (
            f"{first} is preferred to {second}: {100 * score.win_rate:.0f} % of {votes} ({span})."
        )
    if score.high < 0.5:
        share = 100 * (1 - score.win_rate)
        span = f"95 % interval {100 - 100 * score.high:.0f} to {100 - 100 * score.low:.0f} %"
        return f"{second} is preferred to {first}: {share:.0f} % of {votes} ({span})."
    return (
        f"Not settled: {first} is preferred to {second} in {100 * score.win_rate:.0f} % of "
        f"{votes}, and the 95 % interval ({100 * score.low:.0f} to {100 * score.high:.0f} %) "
        "spans the half."
    )


def _section(title: str, hint: str, tally: Tally) -> str:
    count = counted(tally.n, "vote")
    return (
        f'<section class="tally"><h3 class="section">{title}</h3>'
        f'<p class="quiet">{hint} {count}.</p>{interval_chart(_intervals(tally.pairs))}'
        f"{_pair_table(tally.pairs)}{_contender_table(tally.contenders)}"
        f"{_marks_table(tally.contenders)}{_over_time(tally.pairs)}</section>"
    )


def _intervals(pairs: Sequence[Standing]) -> list[Interval]:
    found = []
    for pair in pairs:
        score = pair.score
        if score.win_rate is None or score.low is None or score.high is None:
            continue
        assert pair.against_kind is not None
        names = NAMES[pair.kind], NAMES[pair.against_kind]
        found.append(Interval(*names, score.win_rate, score.low, score.high, score.n))
    return found


def _pair_table(pairs: Sequence[Standing]) -> str:
    rows = [
        (
            f"<strong>{NAMES[pair.kind]}</strong> against "
            f"{NAMES[pair.against_kind] if pair.against_kind else 'all'}",
            *_counts(pair),
        )
        for pair in pairs
    ]
    return table((Column("Pair"), *_COUNTS), rows, "By pair") if rows else ""


def _contender_table(standings: Sequence[Standing]) -> str:
    rows = [(_contender(standing), *_counts(standing)) for standing in standings]
    return table((Column("Contender"), *_COUNTS), rows, "By contender") if rows else ""


def _marks_table(standings: Sequence[Standing]) -> str:
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


def _over_time(pairs: Sequence[Standing]) -> str:
    """The share of the pair with most votes, day by day; a single day makes no line."""
    pair = max(pairs, key=lambda pair: pair.score.n, default=None)
    if pair is None or len(pair.days) < 2 or pair.against_kind is None:
        return ""
    points = [
        (float(index), 100 * (day.score.win_rate or 0.0)) for index, day in enumerate(pair.days)
    ]
    first, second = NAMES[pair.kind], NAMES[pair.against_kind]
    summary = f"{first} preferred to {second}, in percent, day by day: {points[-1][1]:.0f} % now."
    return line_chart(
        [Line(f"{first} preferred to {second}", "first", points)],
        "day",
        "Preferred, % of votes so far",
        summary,
        y_range=(0.0, 100.0),
        x_names=(pair.days[0].day, pair.days[-1].day),
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
