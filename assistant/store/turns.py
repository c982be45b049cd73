"""SQL of what happens in a conversation: comparisons, replies, their answers and contenders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, Connection, Select, insert, or_, select

from assistant.errors import Conflict, InvalidRequest, NotFound
from assistant.records import Answer, Comparison, Contender, Reply
from assistant.store import conversations, rows
from assistant.store.schema import answers, comparisons, contenders, replies
from assistant.store.schema import conversations as conversations_table
from assistant.store.statements import inserted, row_of

_NO_COMPARISON = "There is no such comparison: ask the question again to get one."
_NO_REPLY = "There is no such reply: ask the question again to get one."
_NO_CONTENDER = "No answer was ever given by a contender of this id."


def add_comparison(connection: Connection, comparison: Comparison) -> None:
    sides = (comparison.left, comparison.right)
    _prepare(connection, comparison, sides)
    left, right = (_add_answer(connection, side) for side in sides)
    values = {
        "id": comparison.id,
        "assistant_id": comparison.assistant_id,
        "conversation_id": comparison.conversation_id,
        "question": comparison.question,
        "left_answer": left,
        "left_stopped": comparison.left.stopped,
        "right_answer": right,
        "right_stopped": comparison.right.stopped,
        "votable": not (comparison.left.stopped or comparison.right.stopped),
        "blind": comparison.blind,
        "seed": comparison.seed,
        "created_at": comparison.created_at,
    }
    if not inserted(connection, comparisons, values):
        raise Conflict("This comparison is stored already: it was left as it is.")


def comparison(connection: Connection, comparison_id: str) -> Comparison:
    found = _comparisons(connection, select(comparisons).where(comparisons.c.id == comparison_id))
    if not found:
        raise NotFound(_NO_COMPARISON)
    return found[0]


def comparisons_of(connection: Connection, conversation_id: str) -> list[Comparison]:
    conversations.conversation(connection, conversation_id)
    return _comparisons(
        connection, select(comparisons).where(comparisons.c.conversation_id == conversation_id)
    )


def add_reply(connection: Connection, reply: Reply) -> None:
    _prepare(connection, reply, (reply.answer,))
    values = {
        "id": reply.id,
        "assistant_id": reply.assistant_id,
        "conversation_id": reply.conversation_id,
        "question": reply.question,
        "answer": _add_answer(connection, reply.answer),
        "created_at": reply.created_at,
    }
    if not inserted(connection, replies, values):
        raise Conflict("This reply is stored already: it was left as it is.")


def reply(connection: Connection, reply_id: str) -> Reply:
    found = _replies(connection, select(replies).where(replies.c.id == reply_id))
    if not found:
        raise NotFound(_NO_REPLY)
    return found[0]


def replies_of(connection: Connection, conversation_id: str) -> list[Reply]:
    conversations.conversation(connection, conversation_id)
    return _replies(connection, select(replies).where(replies.c.conversation_id == conversation_id))


def turns_of(connection: Connection, assistant_id: str) -> tuple[list[Comparison], list[Reply]]:
    """Of all conversations that were not deleted, each in the order in which they were asked."""
    kept = select(conversations_table.c.id).where(
        conversations_table.c.assistant_id == assistant_id, ~conversations_table.c.hidden
    )
    compared = select(comparisons).where(comparisons.c.conversation_id.in_(kept))
    replied = select(replies).where(replies.c.conversation_id.in_(kept))
    return _comparisons(connection, compared), _replies(connection, replied)


def contender(connection: Connection, contender_id: str) -> Contender:
    return rows.contender_of(row_of(connection, contenders, contender_id, _NO_CONTENDER))


def contenders_of(connection: Connection, assistant_id: str) -> dict[str, Contender]:
    """By id, in the order in which they first answered."""
    statement = (
        select(contenders)
        .where(contenders.c.assistant_id == assistant_id)
        .order_by(contenders.c.first_used_at, contenders.c.id)
    )
    found = connection.execute(statement).mappings()
    return {row["id"]: rows.contender_of(row) for row in found}


def _prepare(connection: Connection, turn: Comparison | Reply, sides: Sequence[Answer]) -> None:
    """Move the conversation to the front and add the contenders, all of one assistant."""
    held = conversations.conversation(connection, turn.conversation_id)
    owners = {
        held.assistant_id,
        turn.assistant_id,
        *(side.contender.assistant_id for side in sides),
    }
    if len(owners) > 1:
        raise InvalidRequest(
            "The question, its conversation and its answers are not all of one assistant: nothing "
            "was stored."
        )
    latest = max(held.updated_at, turn.created_at)
    conversations.change_conversation(connection, held.id, updated_at=latest)
    # In one order everywhere, so that two programs that add the same ones do not wait in a circle.
    for added in sorted((side.contender for side in sides), key=lambda contender: contender.id):
        known = select(contenders.c.id).where(contenders.c.id == added.id)
        if connection.execute(known).first() is None:
            # Another program may add it at this very moment: then it is there, too.
            inserted(connection, contenders, rows.contender_values(added, turn.created_at))


def _add_answer(connection: Connection, answer: Answer) -> int:
    values = rows.answer_values(answer) | {"retrieval_cosine": answer.retrieval_cosine}
    result = connection.execute(insert(answers).values(values))
    key = result.inserted_primary_key
    assert key is not None
    return int(key[0])


def _comparisons(connection: Connection, statement: Select[Any]) -> list[Comparison]:
    ordered = statement.order_by(comparisons.c.created_at, comparisons.c.left_answer)
    held = connection.execute(ordered).mappings().all()
    said = _answers(connection, statement, comparisons.c.left_answer, comparisons.c.right_answer)
    return [
        Comparison(
            id=row["id"],
            assistant_id=row["assistant_id"],
            conversation_id=row["conversation_id"],
            question=row["question"],
            left=said[row["left_answer"]],
            right=said[row["right_answer"]],
            blind=row["blind"],
            seed=row["seed"],
            created_at=row["created_at"],
        )
        for row in held
    ]


def _replies(connection: Connection, statement: Select[Any]) -> list[Reply]:
    ordered = statement.order_by(replies.c.created_at, replies.c.answer)
    held = connection.execute(ordered).mappings().all()
    said = _answers(connection, statement, replies.c.answer)
    return [
        Reply(
            id=row["id"],
            assistant_id=row["assistant_id"],
            conversation_id=row["conversation_id"],
            question=row["question"],
            answer=said[row["answer"]],
            created_at=row["created_at"],
        )
        for row in held
    ]


def _answers(connection: Connection, turns: Select[Any], *keys: Column[int]) -> dict[int, Answer]:
    """The answers, by their key, that these columns of the selected turns name."""
    named = or_(*(answers.c.id.in_(turns.with_only_columns(key)) for key in keys))
    held = connection.execute(select(answers).where(named)).mappings().all()
    ids = {row["contender_id"] for row in held}
    statement = select(contenders).where(contenders.c.id.in_(ids))
    by = {row["id"]: rows.contender_of(row) for row in connection.execute(statement).mappings()}
    return {row["id"]: rows.answer_of(row, by[row["contender_id"]]) for row in held}
