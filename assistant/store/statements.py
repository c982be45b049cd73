"""The few statements that every table needs."""

from __future__ import annotations

from sqlalchemy import Connection, RowMapping, Table, insert, select, update
from sqlalchemy.exc import IntegrityError

from assistant.errors import NotFound
from assistant.store.rows import Values


def inserted(connection: Connection, table: Table, values: Values) -> bool:
    """Insert a row unless a constraint refuses it; the transaction goes on either way."""
    try:
        with connection.begin_nested():
            connection.execute(insert(table).values(values))
    except IntegrityError:
        return False
    return True


def upserted(connection: Connection, table: Table, key: Values, values: Values) -> bool:
    """Insert a row, or change the one of this key; False where what it belongs to is gone."""
    if inserted(connection, table, key | values):
        return True
    return connection.execute(update(table).filter_by(**key).values(values)).rowcount > 0


def row_of(connection: Connection, table: Table, key: str, missing: str) -> RowMapping:
    """The row of this id. Raises NotFound with the sentence `missing` where there is none."""
    row = connection.execute(select(table).where(table.c.id == key)).mappings().one_or_none()
    if row is None:
        raise NotFound(missing)
    return row
