"""Use over time as HTML: alarms, lines by day, tables by day and version, unanswered questions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

from assistant.drawing.charts import Line, line_chart
from assistant.drawing.tables import Column, empty, table
from assistant.drawing.words import NAMES, counted
from assistant.monitoring.control_chart import ControlChart
from assistant.monitoring.unanswered import QuestionGroup
from assistant.monitoring.use_over_time import Share, UseOverTime, UseRow
from assistant.records import CRITERIA
from assistant.ui.inline_downloads import csv_link
from assistant.ui.notices import notice

_GROUPS = 20  # of unanswered questions that are shown
_FIGURES = (
    ("Questions", ""),
    ("Votes", ""),
    ("Refused", "Share of the answers that said that the documents do not say."),
    ("Thumbs down", "Share of the thumbs."),
    ("Useful", "Share of those who answered “Was this useful?” with yes."),
    ("Right", "Share of those who answered “Was it right?” with yes."),
    ("First word, p50", "Seconds to the first word: half of the answers took less."),
    ("First word, p95", "Seconds to the first word: 95 of 100 answers took less."),
    ("Tokens/s", "Median."),
    ("Best passage", "Mean cosine of the best passage found, -1 to 1."),
)


def use_html(use: UseOverTime) -> str:
    """All of the section."""
    if not use.days:
        return empty("No use yet", "Every question, vote and thumb is counted here, day by day.")
    alarms = "".join(notice(alarm, "warn") for alarm in use.alarms)
    return (
        f"{alarms}{_pictures(use.days)}{_table('By day', 'Day', use.days, lambda row: row.day)}"
        f"{_table('By version', 'Version', use.versions, _version)}{_version_days(use)}"
        f"{_marks(use.versions)}{_charts(use.charts)}{_unanswered(use.unanswered)}"
    )


def _pictures(days: Sequence[UseRow]) -> str:
    if len(days) < 2:
        return ""
    ends = (days[0].day, days[-1].day)
    drawn = [
        _lines(
            "Questions a day",
            [("Questions", "first", lambda row: row.questions), ("Votes", "", lambda r: r.votes)],
            days,
            ends,
        ),
        _lines(
            "Seconds to the first word",
            [
                ("p50", "first", lambda row: row.first_token_p50),
                ("p95", "unseen-dots", lambda row: row.first_token_p95),
            ],
            days,
            ends,
        ),
    ]
    return f'<div class="charts">{"".join(drawn)}</div>'


def _lines(
    title: str,
    lines: Sequence[tuple[str, str, Callable[[UseRow], float | None]]],
    days: Sequence[UseRow],
    ends: tuple[str, str],
) -> str:
    made = []
    for name, style, value in lines:
        points = [
            (float(place), float(found))
            for place, row in enumerate(days)
            if (found := value(row)) is not None
        ]
        made.append(Line(name, style, points))
    summary = f"{title}, {ends[0]} to {ends[1]}; the table below has the figures."
    return line_chart(made, "day", title, summary, x_names=ends)


def _table(title: str, first: str, rows: Sequence[UseRow], name: Callable[[UseRow], str]) -> str:
    columns = [Column(first), *(Column(one, numeric=True, hint=hint) for one, hint in _FIGURES)]
    shown = [(escape(name(row)), *_cells(row)) for row in reversed(rows)]
    flat = [(name(row), *_values(row)) for row in rows]
    titles = [column.title for column in columns]
    return (
        f'<h3 class="section">{title}</h3>{table(columns, shown, title)}'
        f"{csv_link(f'use-{first.lower()}.csv', titles, flat)}"
    )


def _version_days(use: UseOverTime) -> str:
    flat = [(row.day, _version(row), row.version, *_values(row)) for row in use.version_days]
    columns = ("Day", "Contender", "Version", *(name for name, _ in _FIGURES))
    link = csv_link("use-day-version.csv", columns, flat)
    return link.replace("Download as CSV", "Download each version by day as CSV")


def _marks(versions: Sequence[UseRow]) -> str:
    marked = [row for row in versions if row.marks]
    if not marked:
        return ""
    columns = [Column("Marks"), *(Column(name.capitalize(), numeric=True) for name in CRITERIA)]
    rows = [
        (
            escape(_version(row)),
            *(
                f"{row.marks[name][0]:.1f} ({row.marks[name][1]})" if name in row.marks else "–"
                for name in CRITERIA
            ),
        )
        for row in marked
    ]
    titles = [column.title for column in columns]
    return f"{table(columns, rows, 'Mean marks')}{csv_link('use-marks.csv', titles, rows)}"


def _charts(charts: Sequence[ControlChart]) -> str:
    parts = []
    for chart in charts:
        if not chart.points:
            continue
        if chart.baseline is None:
            parts.append(f'<p class="quiet">{escape(chart.name)}: {escape(chart.reason)}</p>')
        else:
            parts.append(_control(chart))
    if not parts:
        return ""
    hint = (
        "Each rate has a band from its first days; a day outside it raises an alarm. About one "
        "healthy day in 370 is outside by chance."
    )
    return f'<h3 class="section">Rates watched</h3><p class="quiet">{hint}</p>{"".join(parts)}'


def _control(chart: ControlChart) -> str:
    places = range(len(chart.points))
    points = chart.points

    def line(values: Sequence[float]) -> list[tuple[float, float]]:
        return [(float(x), 100 * y) for x, y in zip(places, values, strict=True)]

    drawn = line_chart(
        [
            Line("rate", "first", line([point.rate for point in points])),
            Line("band", "unseen-dots", line([point.high for point in points])),
            Line("", "unseen-dots", line([point.low for point in points])),
        ],
        "day",
        f"{chart.name}, %",
        f"{chart.name} with its band; {counted(len(chart.alarms), 'day')} outside.",
        x_names=(points[0].day, points[-1].day),
    )
    states = {"above": "above the band", "below": "below the band", "inside": "inside"}
    columns = (
        Column("Day"),
        Column("Rate", numeric=True),
        Column("Band", numeric=True),
        Column(""),
    )
    rows = [
        (
            point.day,
            f"{100 * point.rate:.0f} % ({point.count} of {point.n})",
            f"{100 * point.low:.0f} to {100 * point.high:.0f} %",
            states.get(point.state, "baseline"),
        )
        for point in points
    ]
    name = f"{chart.name.lower().replace(' ', '-')}.csv"
    shown = table(columns, rows[::-1], chart.name)
    link = csv_link(name, ("Day", "Rate", "Band", "State"), rows)
    return f"{drawn}<details class='outcome'><summary>Figures</summary>{shown}{link}</details>"


def _unanswered(groups: Sequence[QuestionGroup]) -> str:
    if not groups:
        return ""
    columns = (Column("Asked", numeric=True), Column("Questions"), Column("Last asked"))
    rows = []
    for group in groups[:_GROUPS]:
        (first, _), *others = group.questions
        more = "".join(f"<li>{escape(text)} ({count})</li>" for text, count in others[:10])
        similar = f"<details><summary>{len(others)} similar</summary><ul>{more}</ul></details>"
        said = f"{escape(first)}{similar if others else ''}"
        rows.append((f"{group.count:,}", said, f"{group.newest:%Y-%m-%d}"))
    flat = [
        (number, text, count)
        for number, group in enumerate(groups, start=1)
        for text, count in group.questions
    ]
    return (
        '<h3 class="section">Questions without an answer in the documents</h3>'
        f"{table(columns, rows, 'Unanswered questions')}"
        f"{csv_link('unanswered.csv', ('group', 'question', 'asked'), flat)}"
    )


def _version(row: UseRow) -> str:
    name = NAMES[row.kind] if row.kind else "Unknown"
    return f"{name} ({row.version[:6]})"


def _cells(row: UseRow) -> tuple[str, ...]:
    return (
        f"{row.questions:,}",
        f"{row.votes:,}",
        *(_share(share) for share in (row.refusals, row.thumbs_down, row.useful, row.right)),
        _figure(row.first_token_p50, 1, " s"),
        _figure(row.first_token_p95, 1, " s"),
        _figure(row.tokens_per_second, 0),
        _figure(row.cosine, 2),
    )


def _values(row: UseRow) -> tuple[object, ...]:
    return (
        row.questions,
        row.votes,
        row.refusals.rate,
        row.thumbs_down.rate,
        row.useful.rate,
        row.right.rate,
        row.first_token_p50,
        row.first_token_p95,
        row.tokens_per_second,
        row.cosine,
    )


def _share(share: Share) -> str:
    if share.rate is None:
        return "–"
    return f"{100 * share.rate:.0f} % <small class='quiet'>of {share.n:,}</small>"


def _figure(value: float | None, digits: int, unit: str = "") -> str:
    return "–" if value is None else f"{value:.{digits}f}{unit}"
