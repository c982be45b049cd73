"""SQL of imported question files: each is kept once, so that its questions stay out of training."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from assistant.evaluation.records import QuestionSet
from assistant.store.assistants import locked_assistant
from assistant.store.schema import question_sets
from retrieval.questions import Question


def add_set(connection: Connection, assistant_id: str, added: QuestionSet, now: datetime) -> bool:
    """Keep a set unless the same questions are there already; whether it is new."""
    locked_assistant(connection, assistant_id)
    known = select(question_sets.c.position).filter_by(
        assistant_id=assistant_id, sha256=added.sha256
    )
    if connection.execute(known).first() is not None:
        return False
    connection.execute(
        insert(question_sets).values(
            assistant_id=assistant_id,
            name=added.name,
            sha256=added.sha256,
            questions=[asdict(question) for question in added.questions],
            added_at=now,
        )
    )
    return True


def sets_of(connection: Connection, assistant_id: str) -> list[QuestionSet]:
    """Those of an assistant, in the order in which they were added."""
    statement = (
        select(question_sets)
        .where(question_sets.c.assistant_id == assistant_id)
        .order_by(question_sets.c.position)
    )
    return [
        QuestionSet(row["name"], tuple(question_of(one) for one in row["questions"]))
        for row in connection.execute(statement).mappings()
    ]


def delete_set(connection: Connection, assistant_id: str, sha256: str) -> bool:
    """Whether it was there."""
    statement = delete(question_sets).filter_by(assistant_id=assistant_id, sha256=sha256)
    return connection.execute(statement).rowcount > 0


def question_of(values: dict[str, Any]) -> Question:
    return Question(**{**values, "answers": tuple(values["answers"])})
