"""SQL of decisions: which contender was chosen, when, and on what grounds."""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy import Connection, select

from assistant.errors import Conflict
from assistant.records import Decision
from assistant.store.assistants import assistant
from assistant.store.schema import decisions
from assistant.store.statements import inserted


def add_decision(connection: Connection, decision: Decision) -> None:
    assistant(connection, decision.assistant_id)
    if not inserted(connection, decisions, asdict(decision)):
        raise Conflict("This decision is kept already: it was left as it is.")


def decisions_of(connection: Connection, assistant_id: str) -> list[Decision]:
    statement = (
        select(decisions)
        .where(decisions.c.assistant_id == assistant_id)
        .order_by(decisions.c.created_at, decisions.c.id)
    )
    return [Decision(**row) for row in connection.execute(statement).mappings()]
