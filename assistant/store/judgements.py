"""SQL that reads votes in bulk: what rating them takes, and nothing else.

Reading whole records takes 25 µs a vote; this takes a few. The columns are read as the driver gives
them, since the conversions of SQLAlchemy's types cost as much again.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Select, String, func, select, type_coerce

from assistant.records import Judgement
from assistant.store.schema import answers, comparisons, votes


def judgements_of(connection: Connection, assistant_id: str, since: str) -> list[Judgement]:
    """Oldest first; since: a time as in `Judgement`, "" for all."""
    left, right = answers.alias("left_side"), answers.alias("right_side")
    statement = (
        select(
            votes.c.comparison_id,
            votes.c.voter,
            _raw(votes.c.blind),
            votes.c.choice,
            _raw(votes.c.created_at),
            _raw(votes.c.marks),
            comparisons.c.question,
            *(side.c.contender_id for side in (left, right)),
            *(func.length(side.c.text) for side in (left, right)),
            *(side.c[name] for side in (left, right) for name in _COST),
            *(side.c.citations[(0, "document")].as_string() for side in (left, right)),
        )
        .join(comparisons, votes.c.comparison_id == comparisons.c.id)
        .join(left, comparisons.c.left_answer == left.c.id)
        .join(right, comparisons.c.right_answer == right.c.id)
        .where(comparisons.c.assistant_id == assistant_id)
    )
    if since:
        statement = statement.where(votes.c.created_at >= datetime.fromisoformat(since))
    read = [_judgement(row) for row in connection.execute(statement)]
    # The database would sort rows of this width several times more slowly.
    read.sort(key=lambda row: (row.time, row.comparison_id, row.voter, not row.blind))
    return read


def state_of(connection: Connection, assistant_id: str) -> tuple[int, str]:
    statement: Select[Any] = (
        select(func.count(), _raw(func.max(votes.c.created_at)))
        .select_from(votes)
        .join(comparisons, votes.c.comparison_id == comparisons.c.id)
        .where(comparisons.c.assistant_id == assistant_id)
    )
    count, latest = connection.execute(statement).one()
    return count, "" if latest is None else _time(latest)


def _judgement(row: Any) -> Judgement:
    comparison_id, voter, blind, choice, created_at, marks, question, *figures = row
    left, right, left_length, right_length, *costs, left_document, right_document = figures
    return Judgement(
        comparison_id,
        voter,
        bool(blind),
        choice,
        _time(created_at),
        _marks(marks),
        question,
        left,
        right,
        left_length,
        right_length,
        _seconds(*costs[:3]),
        _seconds(*costs[3:]),
        left_document,
        right_document,
    )


_COST = ("seconds_to_first_token", "tokens_per_second", "tokens_out")


def _raw(column: Any) -> Any:
    """As the driver gives it: SQLite times and JSON as text, truth as 0 or 1."""
    return type_coerce(column, String)


def _time(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return f"{str(value).replace(' ', 'T')}+00:00"


def _marks(value: Any) -> dict[str, dict[str, int]]:
    if isinstance(value, str):
        return {} if value == "{}" else json.loads(value)
    return value or {}


def _seconds(to_first: float, speed: float, tokens: int) -> float:
    return to_first + (tokens / speed if speed > 0 else 0.0)
