"""SQL of assistants, and of the secret of this installation."""

from __future__ import annotations

import secrets as random_bytes

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.exc import IntegrityError

from assistant.errors import Conflict, InvalidRequest, NotFound
from assistant.records import Assistant
from assistant.store.rows import assistant_of, assistant_values
from assistant.store.schema import assistants, secrets
from assistant.store.statements import inserted, row_of

_MISSING = "There is no such assistant: look at the list for those there are."
_COOKIE_KEY = "voter cookie"


def add_assistant(connection: Connection, assistant: Assistant) -> None:
    if not inserted(connection, assistants, assistant_values(assistant)):
        raise _name_taken(assistant)


def all_assistants(connection: Connection) -> list[Assistant]:
    statement = select(assistants).order_by(assistants.c.created_at, assistants.c.id)
    return [assistant_of(row) for row in connection.execute(statement).mappings()]


def assistant(connection: Connection, assistant_id: str) -> Assistant:
    return assistant_of(row_of(connection, assistants, assistant_id, _MISSING))


def locked_assistant(connection: Connection, assistant_id: str) -> None:
    """Hold the assistant until the transaction ends, so that one at a time adds to it.

    SQLite holds the whole database anyway, and leaves FOR UPDATE out.
    """
    statement = select(assistants.c.id).where(assistants.c.id == assistant_id).with_for_update()
    if connection.execute(statement).first() is None:
        raise NotFound(_MISSING)


def update_assistant(connection: Connection, changed: Assistant) -> None:
    before = assistant(connection, changed.id)
    if (before.slug, before.created_at) != (changed.slug, changed.created_at):
        raise InvalidRequest("The folder name and the age of an assistant never change.")
    statement = update(assistants).where(assistants.c.id == changed.id)
    try:
        with connection.begin_nested():
            connection.execute(statement.values(assistant_values(changed)))
    except IntegrityError as error:
        raise _name_taken(changed) from error


def delete_assistant(connection: Connection, assistant_id: str) -> None:
    if not connection.execute(delete(assistants).where(assistants.c.id == assistant_id)).rowcount:
        raise NotFound(_MISSING)


def secret(connection: Connection) -> bytes:
    """The 32 random bytes that sign voter cookies, made the first time they are asked for."""
    statement = select(secrets.c.value).where(secrets.c.name == _COOKIE_KEY)
    held = connection.execute(statement).scalar_one_or_none()
    if held is None:
        inserted(connection, secrets, {"name": _COOKIE_KEY, "value": random_bytes.token_bytes(32)})
        held = connection.execute(statement).scalar_one()
    return bytes(held)


def _name_taken(assistant: Assistant) -> Conflict:
    return Conflict(
        f"There is already an assistant named {assistant.name}, or with its folder: nothing was "
        "changed, choose another name."
    )
