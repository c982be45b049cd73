"""The command of monitoring."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer

from assistant.cli.output import AsJson, say, show_json, show_table
from assistant.cli.workspace import Name, opened
from assistant.monitoring.use_over_time import Share, UseOverTime, UseRow
from assistant.monitoring.watch import watched

_SHOWN = 20  # groups of questions on the terminal


def monitor(
    name: Name,
    days: Annotated[int, typer.Option(help="How many days, today among them.")] = 30,
    as_json: AsJson = False,
) -> None:
    """Use over time: questions, votes, speed, refusals and judgements, by day and by version."""
    with opened() as workspace:
        use = watched(workspace, workspace.assistant(name), days)
    if as_json:
        show_json(_use_json(use))
        return
    if not use.days:
        say(f"Nothing was asked in the last {days} days.")
        return
    columns = ("Day", "Questions", "Votes", "Refusals", "Thumbs down", "p50 s", "p95 s", "Tokens/s")
    show_table(columns, [_use_cells(row) for row in (*use.days, use.total)])
    for alarm in use.alarms:
        say(f"Alarm: {alarm}")
    for group in use.unanswered[:_SHOWN]:
        say(f"Not answered ({group.count}): {group.questions[0][0]}")


def _use_json(use: UseOverTime) -> dict[str, Any]:
    return {
        "since": use.since.isoformat(),
        "total": _row_json(use.total),
        "days": [_row_json(row) for row in use.days],
        "versions": [_row_json(row) for row in use.versions],
        "version_days": [_row_json(row) for row in use.version_days],
        "charts": [asdict(chart) for chart in use.charts],
        "alarms": list(use.alarms),
        "unanswered": [
            {
                "count": group.count,
                "newest": group.newest.isoformat(),
                "questions": [{"question": text, "count": n} for text, n in group.questions],
            }
            for group in use.unanswered
        ],
    }


def _row_json(row: UseRow) -> dict[str, Any]:
    shown = asdict(row)
    for name, value in shown.items():
        held = getattr(row, name)
        if isinstance(held, Share):
            shown[name] = {**value, "rate": held.rate}
    shown["marks"] = {name: {"mean": mean, "n": n} for name, (mean, n) in row.marks.items()}
    return shown


def _use_cells(row: UseRow) -> tuple[object, ...]:
    return (
        row.day or "all",
        row.questions,
        row.votes,
        _percent(row.refusals),
        _percent(row.thumbs_down),
        _figure(row.first_token_p50),
        _figure(row.first_token_p95),
        _figure(row.tokens_per_second),
    )


def _percent(share: Share) -> str:
    return "-" if share.rate is None else f"{100 * share.rate:.0f} %"


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"
