"""Records to rows and back: what is read equals what was written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping

from assistant.records import (
    Answer,
    Assistant,
    Citation,
    Contender,
    Conversation,
    Decoding,
    Example,
    Profile,
    RetrievalSettings,
    Usage,
    Vote,
    profile_of,
    retrieval_settings_of,
)

Values = dict[str, Any]


def assistant_values(assistant: Assistant) -> Values:
    values = asdict(assistant)
    if assistant.retrieval == RetrievalSettings():
        values["retrieval"] = None
    if assistant.profile == Profile():
        values["profile"] = None
    return values


def assistant_of(row: RowMapping) -> Assistant:
    values = dict(row)
    values["retrieval"] = retrieval_settings_of(values["retrieval"] or {})
    values["profile"] = profile_of(values["profile"] or {})
    return Assistant(**values)


def contender_values(contender: Contender, first_used_at: datetime) -> Values:
    return {"id": contender.id, "first_used_at": first_used_at, **asdict(contender)}


def contender_of(row: RowMapping) -> Contender:
    values = {field.name: row[field.name] for field in fields(Contender)}
    if values["retrieval"] is not None:
        values["retrieval"] = retrieval_settings_of(values["retrieval"])
    values["decoding"] = Decoding(**values["decoding"])
    return Contender(**values)


def conversation_values(conversation: Conversation) -> Values:
    values = asdict(conversation)
    values["left_kind"] = values.pop("left")
    values["right_kind"] = values.pop("right")
    return values


def conversation_of(row: RowMapping) -> Conversation:
    return Conversation(
        id=row["id"],
        assistant_id=row["assistant_id"],
        title=row["title"],
        left=row["left_kind"],
        right=row["right_kind"],
        blind=row["blind"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        left_run=row["left_run"],
        right_run=row["right_run"],
    )


def answer_values(answer: Answer) -> Values:
    return {
        "assistant_id": answer.contender.assistant_id,
        "contender_id": answer.contender.id,
        "text": answer.text,
        "fingerprint": answer.fingerprint,
        "citations": [asdict(citation) for citation in answer.citations],
        "abstained": answer.abstained,
        "stopped": answer.stopped,
        **asdict(answer.usage),
    }


def answer_of(row: RowMapping, contender: Contender) -> Answer:
    return Answer(
        text=row["text"],
        contender=contender,
        fingerprint=row["fingerprint"],
        usage=Usage(
            row["seconds_to_first_token"],
            row["tokens_per_second"],
            row["tokens_in"],
            row["tokens_out"],
        ),
        citations=tuple(Citation(**citation) for citation in row["citations"]),
        abstained=row["abstained"],
        stopped=row["stopped"],
        retrieval_cosine=row.get("retrieval_cosine"),  # only answers of the chat have it
    )


def vote_of(row: RowMapping) -> Vote:
    return Vote(
        comparison_id=row["comparison_id"],
        voter=row["voter"],
        choice=row["choice"],
        blind=row["blind"],
        created_at=row["created_at"],
        marks=row["marks"],
        comment=row["comment"],
    )


def example_values(assistant_id: str, example: Example) -> Values:
    values = asdict(example)
    for name in ("scores", "flags"):
        values[name] = values[name] or None
    return {"assistant_id": assistant_id, **values}


def example_of(row: Sequence[Any]) -> Example:
    """row: its columns in the order of the fields of `Example`; ten thousand are read at once."""
    *plain, span, scores, flags, rejected = row
    rest: tuple[Any, ...] = (tuple(span) if span else None, scores or {}, tuple(flags or ()))
    return Example(*(*plain, *rest, rejected))
