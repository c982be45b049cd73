"""Ratings as HTML: what the votes settle, how strong each contender is, over time and by topic."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from assistant.drawing.charts import Interval, Line, interval_chart, line_chart
from assistant.drawing.heatmap import Cell, heatmap
from assistant.drawing.tables import Column, table
from assistant.drawing.words import NAMES, counted
from assistant.ratings.records import Pair, Rating, Ratings
from assistant.ratings.report import DayRatings, Part, PartRating, Report
from assistant.ratings.sentences import pair_sentence, sentences
from assistant.records import KINDS

_INTERVAL = "95 % interval, by drawing the votes anew."
_RATING = Column(
    "Rating",
    numeric=True,
    hint="Bradley-Terry: 1000 is the mean, 400 points are odds of ten to one. " + _INTERVAL,
)
_ELO = Column("Elo", numeric=True, hint="Vote after vote, K = 32; it depends on their order.")
_RANK = Column(
    "Rank", numeric=True, hint="1 and the number of contenders whose interval lies wholly above."
)
_VOTES = Column("Votes", numeric=True)
_POINTS = Column(
    "Points", numeric=True, hint="Share of the votes won, ties and both-bads as halves."
)
_PAIR_COLUMNS = (
    Column("Pair"),
    _VOTES,
    Column("Wins", numeric=True),
    Column("Losses", numeric=True),
    Column("Ties", numeric=True),
    Column("Both bad", numeric=True),
    Column(
        "Preferred",
        numeric=True,
        hint="Share of the decisive votes, with an interval that holds however often you look.",
    ),
    Column(
        "Sign test",
        numeric=True,
        hint="Exact p-value; true only if the number of votes was decided before the first.",
    ),
    Column(
        "Still needed",
        numeric=True,
        hint="Decisive votes until a winner can be named, with a chance of 80 % at this rate.",
    ),
)


def verdict(held: Report) -> str:
    """What the blind votes settle, a sentence for each of the pairs with most votes."""
    pairs = sorted(held.kinds.pairs, key=lambda pair: pair.n, reverse=True)[:3]
    if not pairs:
        return (
            '<p class="verdict">No blind votes yet. Ask a question with two contenders and vote: '
            "the result is counted here.</p>"
        )
    said = [pair_sentence(pair, name_of) for pair in pairs]
    return "".join(f'<p class="verdict">{escape(sentence)}</p>' for sentence in said)


def ratings(held: Report) -> str:
    """The ratings of the blind votes: table, pairs, heatmaps, over time, topics, versions."""
    notes = "".join(
        f'<p class="quiet">{escape(sentence)}</p>' for sentence in sentences(held.kinds, name_of)
    )
    return (
        f"{_rating_table(held.kinds)}{notes}{interval_chart(_intervals(held.kinds.pairs))}"
        f"{_pair_table(held.kinds.pairs)}{_heatmaps(held.kinds)}{_over_time(held.days)}"
        f"{part_table('Document', held.topics, 'Ratings by the document that answers cite')}"
        f"{_version_table(held)}"
    )


def name_of(contender: str) -> str:
    """A kind as the page names it; any other name as it is."""
    return next((NAMES[kind] for kind in KINDS if kind == contender), contender)


def part_table(title: str, parts: Sequence[Part], caption: str) -> str:
    """Ratings from parts of the votes, a column for each kind that has any; "" where none has."""
    kinds = [kind for kind in KINDS if any(_of(part, kind).rating is not None for part in parts)]
    if not kinds:
        return ""
    columns = [Column(title), _VOTES, *(Column(NAMES[kind], numeric=True) for kind in kinds)]
    rows = [
        (
            escape(part.name) or "No document cited",
            f"{part.n:,}",
            *(_with_interval(_of(part, kind)) for kind in kinds),
        )
        for part in parts
    ]
    return f'<h4 class="section">{escape(caption)}</h4>{table(columns, rows, caption)}'


def _rating_table(held: Ratings) -> str:
    rows = [
        (
            "–" if one.rank is None else str(one.rank),
            f"<strong>{escape(name_of(one.contender))}</strong>",
            _with_interval(one),
            _whole(one.elo),
            f"{one.n:,}",
            "–" if one.win_rate is None else f"{100 * one.win_rate:.0f} %",
        )
        for one in held.ratings
        if one.n
    ]
    columns = (_RANK, Column("Contender"), _RATING, _ELO, _VOTES, _POINTS)
    return table(columns, rows, "Ratings") if rows else ""


def _version_table(held: Report) -> str:
    """Only where a kind has had several versions: else it says what the ratings say."""
    versions = [one for one in held.versions.ratings if one.n]
    kinds = [held.kind_of[one.contender] for one in versions]
    if len(set(kinds)) == len(kinds):
        return ""
    rows = [
        (
            f"<strong>{NAMES[kind]}</strong> <small class='quiet'>{one.contender[:8]}</small>",
            "–" if one.rank is None else str(one.rank),
            _with_interval(one),
            _whole(one.elo),
            f"{one.n:,}",
        )
        for kind, one in zip(kinds, versions, strict=True)
    ]
    caption = "Ratings by version"
    columns = (Column("Version"), _RANK, _RATING, _ELO, _VOTES)
    return f'<h4 class="section">{caption}</h4>{table(columns, rows, caption)}'


def _intervals(pairs: Sequence[Pair]) -> list[Interval]:
    return [
        Interval(
            name_of(pair.first),
            name_of(pair.second),
            pair.win_rate,
            pair.low,
            pair.high,
            pair.decisive,
        )
        for pair in pairs
        if pair.win_rate is not None
    ]


def _pair_table(pairs: Sequence[Pair]) -> str:
    rows = [
        (
            f"<strong>{escape(name_of(pair.first))}</strong> against "
            f"{escape(name_of(pair.second))}",
            *(f"{count:,}" for count in (pair.n, pair.wins, pair.losses, pair.ties, pair.both_bad)),
            _preferred(pair),
            f"{pair.p_value:.3f}" if pair.p_value >= 0.001 else "&lt; 0.001",
            _needed(pair),
        )
        for pair in pairs
    ]
    return table(_PAIR_COLUMNS, rows, "By pair") if rows else ""


def _preferred(pair: Pair) -> str:
    if pair.win_rate is None:
        return "–"
    span = f"({100 * pair.low:.0f} to {100 * pair.high:.0f})"
    return f"{100 * pair.win_rate:.0f} % <small class='quiet'>{span}</small>"


def _needed(pair: Pair) -> str:
    if pair.winner:
        return "settled"
    return "–" if pair.more_needed is None else f"{pair.more_needed:,}"


def _heatmaps(held: Ratings) -> str:
    names = [kind for kind in KINDS if (one := held.of(kind)) is not None and one.n]
    if len(names) < 2:
        return ""
    most = max(pair.n for pair in held.pairs)
    rates, counts = [], []
    for row in names:
        rate_row: list[Cell | None] = []
        count_row: list[Cell | None] = []
        for column in names:
            pair = held.pair(row, column) if row != column else None
            if pair is None:
                rate_row.append(None)
                count_row.append(None)
                continue
            wins = pair.wins if pair.first == row else pair.losses
            points = (wins + (pair.ties + pair.both_bad) / 2) / pair.n
            said = (
                f"{NAMES[row]} against {NAMES[column]}: {points:.0%} of {counted(pair.n, 'vote')}"
            )
            rate_row.append(Cell(f"{100 * points:.0f} %", points, said))
            count_row.append(Cell(f"{pair.n:,}", pair.n / most, said))
        rates.append(rate_row)
        counts.append(count_row)
    shown = [NAMES[kind] for kind in names]
    return (
        f'<div class="heatmaps">{heatmap("Points of the row against the column", shown, rates)}'
        f"{heatmap('Votes', shown, counts)}</div>"
    )


def _over_time(days: Sequence[DayRatings]) -> str:
    """A line for each kind; a single day makes none."""
    if len(days) < 2:
        return ""
    lines = []
    for kind in KINDS:
        points = [
            (float(place), value)
            for place, day in enumerate(days)
            if (value := day.ratings[kind]) is not None
        ]
        lines.append(Line(NAMES[kind], f"kind-{kind.replace('+', '-')}", points))
    last = ", ".join(
        f"{NAMES[kind]} {value:.0f}"
        for kind, value in days[-1].ratings.items()
        if value is not None
    )
    return line_chart(
        lines,
        "day",
        "Rating by all votes so far",
        f"Ratings day by day; now {last}.",
        x_names=(days[0].day, days[-1].day),
    )


def _of(part: Part, kind: str) -> PartRating:
    return next(one for one in part.ratings if one.contender == kind)


def _with_interval(one: Rating | PartRating) -> str:
    if one.rating is None:
        return "–"
    if one.low is None or one.high is None:
        return f"{one.rating:,.0f}"
    return f"{one.rating:,.0f} <small class='quiet'>({one.low:,.0f} to {one.high:,.0f})</small>"


def _whole(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}"
