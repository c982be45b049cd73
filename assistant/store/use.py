"""SQL of monitoring: narrow rows of what was asked and judged since some moment."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, select, union_all

from assistant.errors import InvalidRequest, NotFound
from assistant.monitoring.records import AnswerUse, Impression, ThumbUse, Use, VoteUse
from assistant.store.schema import (
    answers,
    comparisons,
    contenders,
    impressions,
    replies,
    thumbs,
    votes,
)
from assistant.store.statements import upserted
from assistant.store.votes import MAX_VOTER

_NO_TURN = "There is no such answer to judge: nothing was kept, ask the question again."


# In the order of the fields of `Impression`.
_GIVEN = (
    impressions.c.turn_id,
    impressions.c.side,
    impressions.c.voter,
    impressions.c.contender_id,
    impressions.c.created_at,
    impressions.c.useful,
    impressions.c.right,
    impressions.c.unsure,
)


def use_of(connection: Connection, assistant_id: str, since: datetime) -> Use:
    kinds = select(contenders.c.id, contenders.c.kind).where(
        contenders.c.assistant_id == assistant_id
    )
    return Use(
        answers=_answers(connection, assistant_id, since),
        votes=_votes(connection, assistant_id, since),
        thumbs=_thumbs(connection, assistant_id, since),
        impressions=_impressions(connection, assistant_id, since),
        kinds={row.id: row.kind for row in connection.execute(kinds)},
    )


def refused_questions(
    connection: Connection, assistant_id: str, since: datetime
) -> list[tuple[str, datetime]]:
    """Each question that a contender refused, with its moment, oldest first."""
    compared = (
        select(comparisons.c.id, comparisons.c.question, comparisons.c.created_at)
        .join(answers, answers.c.id.in_((comparisons.c.left_answer, comparisons.c.right_answer)))
        .where(
            comparisons.c.assistant_id == assistant_id,
            comparisons.c.created_at >= since,
            answers.c.abstained,
        )
        .distinct()
    )
    replied = (
        select(replies.c.id, replies.c.question, replies.c.created_at)
        .join(answers, answers.c.id == replies.c.answer)
        .where(
            replies.c.assistant_id == assistant_id,
            replies.c.created_at >= since,
            answers.c.abstained,
        )
    )
    rows = [*connection.execute(compared), *connection.execute(replied)]
    return sorted(((row.question, row.created_at) for row in rows), key=lambda one: one[1])


def add_impression(connection: Connection, assistant_id: str, given: Impression) -> None:
    """Keep what was answered; a question left open keeps the voter's earlier answer to it."""
    if not 0 < len(given.voter) <= MAX_VOTER or given.side not in ("left", "right"):
        raise InvalidRequest("This cannot be kept: the voter or the side is not known.")
    answer = _answer_of(connection, assistant_id, given)
    contender = select(answers.c.contender_id).where(answers.c.id == answer)
    key = {"turn_id": given.turn, "side": given.side, "voter": given.voter}
    held = connection.execute(select(impressions).filter_by(**key)).mappings().one_or_none()
    before = dict(held) if held is not None else {}
    said_right = given.right is not None or given.unsure
    values = {
        "assistant_id": assistant_id,
        "contender_id": connection.execute(contender).scalar_one(),
        "useful": given.useful if given.useful is not None else before.get("useful"),
        "right": given.right if said_right else before.get("right"),
        "unsure": given.unsure if said_right else before.get("unsure", False),
        "created_at": given.created_at,
    }
    upserted(connection, impressions, key, values)


def impressions_of(connection: Connection, turns: Sequence[str], voter: str) -> list[Impression]:
    """What this voter answered about these comparisons and replies."""
    statement = select(*_GIVEN).where(
        impressions.c.turn_id.in_(turns), impressions.c.voter == voter
    )
    return [Impression(*row) for row in connection.execute(statement)]


def _answer_of(connection: Connection, assistant_id: str, given: Impression) -> int:
    column = comparisons.c.left_answer if given.side == "left" else comparisons.c.right_answer
    own = [
        select(column).where(
            comparisons.c.id == given.turn, comparisons.c.assistant_id == assistant_id
        )
    ]
    if given.side == "left":
        own.append(
            select(replies.c.answer).where(
                replies.c.id == given.turn, replies.c.assistant_id == assistant_id
            )
        )
    for statement in own:
        found = connection.execute(statement).scalar_one_or_none()
        if found is not None:
            return int(found)
    raise NotFound(_NO_TURN)


def _answers(connection: Connection, assistant_id: str, since: datetime) -> tuple[AnswerUse, ...]:
    said = (
        answers.c.contender_id,
        answers.c.seconds_to_first_token,
        answers.c.tokens_per_second,
        answers.c.tokens_out,
        answers.c.abstained,
        answers.c.retrieval_cosine,
    )
    sides = [
        (comparisons, comparisons.c.left_answer),
        (comparisons, comparisons.c.right_answer),
        (replies, replies.c.answer),
    ]
    statement = union_all(
        *(
            select(turns.c.created_at, turns.c.id, *said)
            .join(answers, answers.c.id == answer)
            .where(turns.c.assistant_id == assistant_id, turns.c.created_at >= since)
            for turns, answer in sides
        )
    )
    found = [AnswerUse(*row) for row in connection.execute(statement)]
    return tuple(sorted(found, key=lambda one: one.created_at))


def _votes(connection: Connection, assistant_id: str, since: datetime) -> tuple[VoteUse, ...]:
    left, right = answers.alias("left_side"), answers.alias("right_side")
    statement = (
        select(
            votes.c.created_at,
            left.c.contender_id,
            right.c.contender_id,
            votes.c.choice,
            votes.c.blind,
            votes.c.marks,
        )
        .join(comparisons, votes.c.comparison_id == comparisons.c.id)
        .join(left, comparisons.c.left_answer == left.c.id)
        .join(right, comparisons.c.right_answer == right.c.id)
        .where(comparisons.c.assistant_id == assistant_id, votes.c.created_at >= since)
        .order_by(votes.c.created_at)
    )
    return tuple(VoteUse(*row) for row in connection.execute(statement))


def _thumbs(connection: Connection, assistant_id: str, since: datetime) -> tuple[ThumbUse, ...]:
    statement = (
        select(thumbs.c.created_at, answers.c.contender_id, thumbs.c.up)
        .join(replies, thumbs.c.reply_id == replies.c.id)
        .join(answers, replies.c.answer == answers.c.id)
        .where(replies.c.assistant_id == assistant_id, thumbs.c.created_at >= since)
        .order_by(thumbs.c.created_at)
    )
    return tuple(ThumbUse(*row) for row in connection.execute(statement))


def _impressions(
    connection: Connection, assistant_id: str, since: datetime
) -> tuple[Impression, ...]:
    statement = (
        select(*_GIVEN)
        .where(impressions.c.assistant_id == assistant_id, impressions.c.created_at >= since)
        .order_by(impressions.c.created_at)
    )
    return tuple(Impression(*row) for row in connection.execute(statement))
