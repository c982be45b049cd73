"""SQL of conversations. A deleted one is hidden: see `Store.delete_conversation`."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select, update

from assistant.errors import Conflict, NotFound
from assistant.records import Conversation
from assistant.store.assistants import assistant
from assistant.store.rows import conversation_of, conversation_values
from assistant.store.schema import conversations
from assistant.store.statements import inserted, row_of

_MISSING = "There is no such conversation: it may have been deleted, start a new one."


def add_conversation(connection: Connection, added: Conversation) -> None:
    assistant(connection, added.assistant_id)
    values = conversation_values(added) | {"hidden": False}
    if not inserted(connection, conversations, values):
        raise Conflict("This conversation exists already: it was left as it is.")


def conversations_of(connection: Connection, assistant_id: str) -> list[Conversation]:
    statement = (
        select(conversations)
        .where(conversations.c.assistant_id == assistant_id, ~conversations.c.hidden)
        .order_by(conversations.c.updated_at.desc(), conversations.c.id)
    )
    return [conversation_of(row) for row in connection.execute(statement).mappings()]


def conversation(connection: Connection, conversation_id: str) -> Conversation:
    row = row_of(connection, conversations, conversation_id, _MISSING)
    if row["hidden"]:
        raise NotFound(_MISSING)
    return conversation_of(row)


def change_conversation(connection: Connection, conversation_id: str, **values: Any) -> None:
    conversation(connection, conversation_id)
    connection.execute(
        update(conversations).where(conversations.c.id == conversation_id).values(**values)
    )
