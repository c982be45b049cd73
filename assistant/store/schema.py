"""The tables as they are now. A change here needs a migration; a test holds the two equal.

The rules of voting are constraints: a vote's foreign key reaches the comparison together with its
`votable` and `blind` columns, so that no code can write a vote on a stopped side, or a blind vote
on a comparison that was not blind. The same device keeps the parts of two assistants apart. That a
blind vote is never changed is a trigger, made by the first migration.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    false,
)


class UtcDateTime(TypeDecorator[datetime]):
    """A datetime that knows its zone, stored in UTC and returned in UTC, to the microsecond."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without its zone cannot be stored")
        moment = value.astimezone(UTC)
        return moment if dialect.name == "postgresql" else moment.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_KINDS = "('base', 'rag', 'tuned', 'tuned+rag')"


def _assistant(**arguments: Any) -> Column[str]:
    return Column(
        "assistant_id",
        String(64),
        ForeignKey("assistants.id", ondelete="CASCADE"),
        nullable=False,
        **arguments,
    )


secrets = Table(
    "secrets",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", LargeBinary, nullable=False),
)

assistants = Table(
    "assistants",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("slug", String(200), nullable=False, unique=True),
    Column("name", String(200), nullable=False, unique=True),
    Column("task", Text, nullable=False),
    Column("system_prompt", Text, nullable=False),
    Column("base_model", Text, nullable=False),
    Column("embedder", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("retrieval", JSON(none_as_null=True)),  # NULL: the defaults of this version of Duet
    Column("profile", JSON(none_as_null=True)),  # NULL: there was no guided start
)

contenders = Table(
    "contenders",
    metadata,
    Column("id", String(16), primary_key=True),
    _assistant(index=True),
    Column("kind", String(16), nullable=False),
    Column("base_model", Text, nullable=False),
    Column("run_id", Text),
    Column("adapter_sha256", String(64)),
    Column("index_generation", BigInteger),
    Column("retrieval", JSON(none_as_null=True)),
    Column("prompt_sha256", String(64), nullable=False),
    Column("decoding", JSON, nullable=False),
    Column("first_used_at", UtcDateTime, nullable=False),
    UniqueConstraint("id", "assistant_id"),
    CheckConstraint(f"kind IN {_KINDS}", name="kind"),
)

conversations = Table(
    "conversations",
    metadata,
    Column("id", String(64), primary_key=True),
    _assistant(),
    Column("title", Text, nullable=False),
    Column("left_kind", String(16), nullable=False),
    Column("right_kind", String(16)),
    Column("blind", Boolean, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("hidden", Boolean, nullable=False),
    Column("left_run", Text),  # NULL: the latest run
    Column("right_run", Text),
    UniqueConstraint("id", "assistant_id"),
    CheckConstraint(f"left_kind IN {_KINDS}", name="left_kind"),
    CheckConstraint(f"right_kind IN {_KINDS}", name="right_kind"),
    Index("ix_conversations_assistant_id", "assistant_id", "updated_at"),
)

answers = Table(
    "answers",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    _assistant(index=True),
    Column("contender_id", String(16), nullable=False, index=True),
    Column("text", Text, nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("seconds_to_first_token", Double, nullable=False),
    Column("tokens_per_second", Double, nullable=False),
    Column("tokens_in", Integer, nullable=False),
    Column("tokens_out", Integer, nullable=False),
    Column("citations", JSON, nullable=False),
    Column("abstained", Boolean, nullable=False),
    Column("stopped", Boolean, nullable=False),
    Column("retrieval_cosine", Double),
    UniqueConstraint("id", "stopped"),
    ForeignKeyConstraint(
        ["contender_id", "assistant_id"],
        ["contenders.id", "contenders.assistant_id"],
        ondelete="CASCADE",
    ),
)


def _of_conversation() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["conversation_id", "assistant_id"],
        ["conversations.id", "conversations.assistant_id"],
        ondelete="CASCADE",
    )


comparisons = Table(
    "comparisons",
    metadata,
    Column("id", String(64), primary_key=True),
    _assistant(index=True),
    Column("conversation_id", String(64), nullable=False, index=True),
    Column("question", Text, nullable=False),
    Column("left_answer", Integer, nullable=False, unique=True),
    Column("left_stopped", Boolean, nullable=False),
    Column("right_answer", Integer, nullable=False, unique=True),
    Column("right_stopped", Boolean, nullable=False),
    Column("votable", Boolean, nullable=False),
    Column("blind", Boolean, nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    UniqueConstraint("id", "votable", "blind"),
    CheckConstraint("votable = NOT (left_stopped OR right_stopped)", name="votable"),
    CheckConstraint("left_answer <> right_answer", name="two_answers"),
    Index("ix_comparisons_created_at", "assistant_id", "created_at"),
    _of_conversation(),
    ForeignKeyConstraint(
        ["left_answer", "left_stopped"], ["answers.id", "answers.stopped"], ondelete="CASCADE"
    ),
    ForeignKeyConstraint(
        ["right_answer", "right_stopped"], ["answers.id", "answers.stopped"], ondelete="CASCADE"
    ),
)

replies = Table(
    "replies",
    metadata,
    Column("id", String(64), primary_key=True),
    _assistant(index=True),
    Column("conversation_id", String(64), nullable=False, index=True),
    Column("question", Text, nullable=False),
    Column(
        "answer",
        Integer,
        ForeignKey("answers.id", ondelete="CASCADE"),
        nullable=False,
        unique=True,
    ),
    Column("created_at", UtcDateTime, nullable=False),
    Index("ix_replies_created_at", "assistant_id", "created_at"),
    _of_conversation(),
)

votes = Table(
    "votes",
    metadata,
    Column("comparison_id", String(64), primary_key=True),
    Column("voter", String(200), primary_key=True),
    Column("blind", Boolean, primary_key=True),
    Column("choice", String(16), nullable=False),
    Column("marks", JSON, nullable=False),
    Column("comment", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("comparison_votable", Boolean, nullable=False),
    Column("comparison_blind", Boolean, nullable=False),
    CheckConstraint("choice IN ('left', 'right', 'tie', 'both_bad')", name="choice"),
    CheckConstraint("voter <> ''", name="voter"),
    CheckConstraint("comparison_votable", name="votable"),
    CheckConstraint("comparison_blind OR NOT blind", name="blind"),
    ForeignKeyConstraint(
        ["comparison_id", "comparison_votable", "comparison_blind"],
        ["comparisons.id", "comparisons.votable", "comparisons.blind"],
        ondelete="CASCADE",
    ),
)

thumbs = Table(
    "thumbs",
    metadata,
    Column("reply_id", String(64), ForeignKey("replies.id", ondelete="CASCADE"), primary_key=True),
    Column("voter", String(200), primary_key=True),
    Column("up", Boolean, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    CheckConstraint("voter <> ''", name="voter"),
)

examples = Table(
    "examples",
    metadata,
    Column("position", Integer, primary_key=True, autoincrement=True),
    _assistant(),
    Column("id", String(64), nullable=False),
    Column("question", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("source", String(16), nullable=False),
    Column("split", String(16), nullable=False),
    Column("answerable", Boolean, nullable=False),
    Column("document", Text, nullable=False),
    Column("passage", Text, nullable=False),
    Column("fact", Text, nullable=False),
    Column("section", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("span", JSON(none_as_null=True)),
    Column("scores", JSON(none_as_null=True)),
    Column("flags", JSON(none_as_null=True)),
    Column("rejected", Boolean, nullable=False, server_default=false()),
    UniqueConstraint("assistant_id", "id"),
    CheckConstraint("source IN ('written', 'imported', 'generated', 'vote')", name="source"),
    CheckConstraint("split IN ('train', 'validation', 'recall', 'generalisation')", name="split"),
)

decisions = Table(
    "decisions",
    metadata,
    Column("id", String(64), primary_key=True),
    _assistant(index=True),
    Column("kind", String(16), nullable=False),
    Column("run_id", Text),
    Column("certainty", String(16), nullable=False),
    Column("sentence", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    CheckConstraint(f"kind IN {_KINDS}", name="kind"),
)

question_sets = Table(
    "question_sets",
    metadata,
    Column("position", Integer, primary_key=True, autoincrement=True),
    _assistant(),
    Column("name", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("questions", JSON, nullable=False),
    Column("added_at", UtcDateTime, nullable=False),
    UniqueConstraint("assistant_id", "sha256"),
)

evaluations = Table(
    "evaluations",
    metadata,
    Column("id", String(64), primary_key=True),
    _assistant(),
    Column("key", String(64), nullable=False),
    Column("question_set", Text, nullable=False),
    Column("questions_sha256", String(64), nullable=False),
    Column("questions", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    Column("seconds", Double, nullable=False),
    Column("summary", JSON, nullable=False),
    Column("judged", JSON, nullable=False),
    UniqueConstraint("id", "assistant_id"),
    Index("ix_evaluations_assistant_id", "assistant_id", "created_at"),
)

evaluation_contenders = Table(
    "evaluation_contenders",
    metadata,
    Column("evaluation_id", String(64), primary_key=True),
    Column("contender_id", String(16), primary_key=True, index=True),
    _assistant(),
    Column("position", Integer, nullable=False),
    ForeignKeyConstraint(
        ["evaluation_id", "assistant_id"],
        ["evaluations.id", "evaluations.assistant_id"],
        ondelete="CASCADE",
    ),
    ForeignKeyConstraint(
        ["contender_id", "assistant_id"],
        ["contenders.id", "contenders.assistant_id"],
        ondelete="CASCADE",
    ),
)

evaluation_questions = Table(
    "evaluation_questions",
    metadata,
    Column(
        "evaluation_id",
        String(64),
        ForeignKey("evaluations.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("question", JSON, nullable=False),
    Column("retrieved", JSON(none_as_null=True)),
)

evaluated_answers = Table(
    "evaluated_answers",
    metadata,
    Column("evaluation_id", String(64), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("contender_id", String(16), primary_key=True),
    Column("text", Text, nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("seconds_to_first_token", Double, nullable=False),
    Column("tokens_per_second", Double, nullable=False),
    Column("tokens_in", Integer, nullable=False),
    Column("tokens_out", Integer, nullable=False),
    Column("citations", JSON, nullable=False),
    Column("abstained", Boolean, nullable=False),
    Column("stopped", Boolean, nullable=False),
    Column("truncated", Boolean, nullable=False),
    Column("failure", Text, nullable=False),
    Column("scores", JSON, nullable=False),
    Column("scored", Boolean, nullable=False),
    ForeignKeyConstraint(
        ["evaluation_id", "position"],
        ["evaluation_questions.evaluation_id", "evaluation_questions.position"],
        ondelete="CASCADE",
        # Both begin with evaluation_id, and PostgreSQL wants names of their own.
        name="fk_evaluated_answers_evaluation_id_position",
    ),
    ForeignKeyConstraint(
        ["evaluation_id", "contender_id"],
        ["evaluation_contenders.evaluation_id", "evaluation_contenders.contender_id"],
        ondelete="CASCADE",
        name="fk_evaluated_answers_evaluation_id_contender_id",
    ),
)

review_items = Table(
    "review_items",
    metadata,
    Column("id", String(64), primary_key=True),
    _assistant(),
    Column("question", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("passages", JSON, nullable=False),
    Column("contender_id", String(16), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("origin", String(16), nullable=False),
    Column("origin_id", Text, nullable=False),
    Column("queued_at", UtcDateTime, nullable=False),
    CheckConstraint(f"kind IN {_KINDS}", name="kind"),
    CheckConstraint("origin IN ('errors', 'chat', 'sample')", name="origin"),
    Index("ix_review_items_assistant_id", "assistant_id", "queued_at"),
)

reviews = Table(
    "reviews",
    metadata,
    Column(
        "item_id", String(64), ForeignKey("review_items.id", ondelete="CASCADE"), primary_key=True
    ),
    Column("reviewer", String(200), primary_key=True),
    Column("marks", JSON, nullable=False),
    Column("comment", Text, nullable=False),
    Column("correction", Text, nullable=False),
    Column("skipped", Boolean, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    CheckConstraint("reviewer <> ''", name="reviewer"),
)

impressions = Table(
    "impressions",
    metadata,
    Column("turn_id", String(64), primary_key=True),
    Column("side", String(8), primary_key=True),
    Column("voter", String(200), primary_key=True),
    _assistant(),
    Column("contender_id", String(16), nullable=False),
    Column("useful", Boolean),
    Column("right", Boolean),
    Column("unsure", Boolean, nullable=False, server_default=false()),
    Column("created_at", UtcDateTime, nullable=False),
    CheckConstraint("voter <> ''", name="voter"),
    CheckConstraint("side IN ('left', 'right')", name="side"),
    Index("ix_impressions_assistant_id", "assistant_id", "created_at"),
)

offered_questions = Table(
    "offered_questions",
    metadata,
    Column("position", Integer, primary_key=True, autoincrement=True),
    _assistant(),
    Column("question", Text, nullable=False),
    Column("left_kind", String(16), nullable=False),
    Column("right_kind", String(16), nullable=False),
    Column("offered_at", UtcDateTime, nullable=False),
    UniqueConstraint("assistant_id", "question"),
    CheckConstraint(f"left_kind IN {_KINDS}", name="left_kind"),
    CheckConstraint(f"right_kind IN {_KINDS}", name="right_kind"),
)
