"""SQL that reads votes in bulk: what rating them takes, and nothing else.

Reading whole records takes 25 µs a vote; this takes a few, most of them the database's own. The
columns are read as the driver gives them, since the conversions of SQLAlchemy's types cost as much
again, and no object is made of a vote.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy import Connection, Select, String, case, func, select, type_coerce

from assistant.records import JudgementColumns
from assistant.store.schema import answers, comparisons, votes

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_ROWS = 1_000  # read together
_NO_MARKS: dict[str, dict[str, int]] = {}


def judgements_of(connection: Connection, assistant_id: str, since: int | None) -> JudgementColumns:
    """In no order. since: microseconds since 1970, None for all."""
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
            *(_seconds(side) for side in (left, right)),
            *(side.c.citations[(0, "document")].as_string() for side in (left, right)),
        )
        .join(comparisons, votes.c.comparison_id == comparisons.c.id)
        .join(left, comparisons.c.left_answer == left.c.id)
        .join(right, comparisons.c.right_answer == right.c.id)
        .where(comparisons.c.assistant_id == assistant_id)
    )
    if since is not None:
        statement = statement.where(votes.c.created_at >= _EPOCH + since * _MICROSECOND)
    columns: list[list[Any]] = [[] for _ in JudgementColumns._fields]
    # Rows that are let go at once: tens of thousands of them together would keep Python's garbage
    # collector as long as the reading itself.
    for rows in connection.execute(statement).partitions(_ROWS):
        for column, values in zip(columns, zip(*rows, strict=True), strict=True):
            column.extend(values)
    comparison_ids, voters, blind, choices, times, marks, *figures = columns
    return JudgementColumns(
        comparison_ids,
        voters,
        [bool(one) for one in blind],
        choices,
        _times(times),
        [_NO_MARKS if one == "{}" else _marks(one) for one in marks],
        *figures,
    )


def state_of(connection: Connection, assistant_id: str) -> tuple[int, str]:
    statement: Select[Any] = (
        select(func.count(), _raw(func.max(votes.c.created_at)))
        .select_from(votes)
        .join(comparisons, votes.c.comparison_id == comparisons.c.id)
        .where(comparisons.c.assistant_id == assistant_id)
    )
    count, latest = connection.execute(statement).one()
    return count, "" if latest is None else str(latest)


def _raw(column: Any) -> Any:
    """As the driver gives it: SQLite times and JSON as text, truth as 0 or 1."""
    return type_coerce(column, String)


def _seconds(side: Any) -> Any:
    """Until the answer was whole."""
    first, speed = side.c.seconds_to_first_token, side.c.tokens_per_second
    return case((speed > 0, first + side.c.tokens_out / speed), else_=first)


def _times(values: Sequence[Any]) -> list[int]:
    if values and isinstance(values[0], datetime):
        return [(value - _EPOCH) // _MICROSECOND for value in values]
    found: list[int] = np.array(values, "datetime64[us]").astype(np.int64).tolist()
    return found


def _marks(value: Any) -> dict[str, dict[str, int]]:
    return json.loads(value) if isinstance(value, str) else value or _NO_MARKS
