"""The first schema.

Revision ID: 0001
Revises: none
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_FINAL_IN_SQLITE = """
CREATE TRIGGER blind_votes_are_final BEFORE UPDATE ON votes WHEN OLD.blind
BEGIN SELECT RAISE(ABORT, 'a blind vote is final'); END
"""
_REFUSE_IN_POSTGRESQL = """
CREATE FUNCTION refuse_change_of_blind_vote() RETURNS trigger AS
$$ BEGIN RAISE EXCEPTION 'a blind vote is final' USING ERRCODE = 'check_violation'; END $$
LANGUAGE plpgsql
"""
_FINAL_IN_POSTGRESQL = """
CREATE TRIGGER blind_votes_are_final BEFORE UPDATE ON votes FOR EACH ROW WHEN (OLD.blind)
EXECUTE FUNCTION refuse_change_of_blind_vote()
"""


def upgrade() -> None:
    op.create_table(
        "assistants",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("slug", sa.String(length=200), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("system_prompt", sa.Text(), nullable=False),
        sa.Column("base_model", sa.Text(), nullable=False),
        sa.Column("embedder", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_assistants"),
        sa.UniqueConstraint("name", name="uq_assistants_name"),
        sa.UniqueConstraint("slug", name="uq_assistants_slug"),
    )
    op.create_table(
        "secrets",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_secrets"),
    )
    op.create_table(
        "contenders",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("assistant_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("base_model", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=True),
        sa.Column("adapter_sha256", sa.String(length=64), nullable=True),
        sa.Column("index_generation", sa.BigInteger(), nullable=True),
        sa.Column("retrieval", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("prompt_sha256", sa.String(length=64), nullable=False),
        sa.Column("decoding", sa.JSON(), nullable=False),
        sa.Column("first_used_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('base', 'rag', 'tuned', 'tuned+rag')", name=op.f("ck_contenders_kind")
        ),
        sa.ForeignKeyConstraint(
            ["assistant_id"],
            ["assistants.id"],
            name="fk_contenders_assistant_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_contenders"),
        sa.UniqueConstraint("id", "assistant_id", name="uq_contenders_id_assistant_id"),
    )
    op.create_index("ix_contenders_assistant_id", "contenders", ["assistant_id"])
    op.create_table(
        "conversations",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("assistant_id", sa.String(length=64), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("left_kind", sa.String(length=16), nullable=False),
        sa.Column("right_kind", sa.String(length=16), nullable=True),
        sa.Column("blind", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("hidden", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "left_kind IN ('base', 'rag', 'tuned', 'tuned+rag')",
            name=op.f("ck_conversations_left_kind"),
        ),
        sa.CheckConstraint(
            "right_kind IN ('base', 'rag', 'tuned', 'tuned+rag')",
            name=op.f("ck_conversations_right_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["assistant_id"],
            ["assistants.id"],
            name="fk_conversations_assistant_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_conversations"),
        sa.UniqueConstraint("id", "assistant_id", name="uq_conversations_id_assistant_id"),
    )
    op.create_index(
        "ix_conversations_assistant_id", "conversations", ["assistant_id", "updated_at"]
    )
    op.create_table(
        "examples",
        sa.Column("position", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("assistant_id", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("split", sa.String(length=16), nullable=False),
        sa.Column("answerable", sa.Boolean(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("passage", sa.Text(), nullable=False),
        sa.Column("fact", sa.Text(), nullable=False),
        sa.Column("section", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "source IN ('written', 'imported', 'generated', 'vote')",
            name=op.f("ck_examples_source"),
        ),
        sa.CheckConstraint(
            "split IN ('train', 'validation', 'recall', 'generalisation')",
            name=op.f("ck_examples_split"),
        ),
        sa.ForeignKeyConstraint(
            ["assistant_id"], ["assistants.id"], name="fk_examples_assistant_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("position", name="pk_examples"),
        sa.UniqueConstraint("assistant_id", "id", name="uq_examples_assistant_id_id"),
    )
    op.create_table(
        "answers",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("assistant_id", sa.String(length=64), nullable=False),
        sa.Column("contender_id", sa.String(length=16), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("seconds_to_first_token", sa.Double(), nullable=False),
        sa.Column("tokens_per_second", sa.Double(), nullable=False),
        sa.Column("tokens_in", sa.Integer(), nullable=False),
        sa.Column("tokens_out", sa.Integer(), nullable=False),
        sa.Column("citations", sa.JSON(), nullable=False),
        sa.Column("abstained", sa.Boolean(), nullable=False),
        sa.Column("stopped", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["assistant_id"], ["assistants.id"], name="fk_answers_assistant_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["contender_id", "assistant_id"],
            ["contenders.id", "contenders.assistant_id"],
            name="fk_answers_contender_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_answers"),
        sa.UniqueConstraint("id", "stopped", name="uq_answers_id_stopped"),
    )
    op.create_index("ix_answers_assistant_id", "answers", ["assistant_id"])
    op.create_index("ix_answers_contender_id", "answers", ["contender_id"])
    op.create_table(
        "comparisons",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("assistant_id", sa.String(length=64), nullable=False),
        sa.Column("conversation_id", sa.String(length=64), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("left_answer", sa.Integer(), nullable=False),
        sa.Column("left_stopped", sa.Boolean(), nullable=False),
        sa.Column("right_answer", sa.Integer(), nullable=False),
        sa.Column("right_stopped", sa.Boolean(), nullable=False),
        sa.Column("votable", sa.Boolean(), nullable=False),
        sa.Column("blind", sa.Boolean(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("left_answer <> right_answer", name=op.f("ck_comparisons_two_answers")),
        sa.CheckConstraint(
            "votable = NOT (left_stopped OR right_stopped)", name=op.f("ck_comparisons_votable")
        ),
        sa.ForeignKeyConstraint(
            ["assistant_id"],
            ["assistants.id"],
            name="fk_comparisons_assistant_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id", "assistant_id"],
            ["conversations.id", "conversations.assistant_id"],
            name="fk_comparisons_conversation_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["left_answer", "left_stopped"],
            ["answers.id", "answers.stopped"],
            name="fk_comparisons_left_answer",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["right_answer", "right_stopped"],
            ["answers.id", "answers.stopped"],
            name="fk_comparisons_right_answer",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_comparisons"),
        sa.UniqueConstraint("id", "votable", "blind", name="uq_comparisons_id_votable_blind"),
        sa.UniqueConstraint("left_answer", name="uq_comparisons_left_answer"),
        sa.UniqueConstraint("right_answer", name="uq_comparisons_right_answer"),
    )
    op.create_index("ix_comparisons_assistant_id", "comparisons", ["assistant_id"])
    op.create_index("ix_comparisons_conversation_id", "comparisons", ["conversation_id"])
    op.create_table(
        "replies",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("assistant_id", sa.String(length=64), nullable=False),
        sa.Column("conversation_id", sa.String(length=64), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("answer", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["answer"], ["answers.id"], name="fk_replies_answer", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["assistant_id"], ["assistants.id"], name="fk_replies_assistant_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id", "assistant_id"],
            ["conversations.id", "conversations.assistant_id"],
            name="fk_replies_conversation_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_replies"),
        sa.UniqueConstraint("answer", name="uq_replies_answer"),
    )
    op.create_index("ix_replies_assistant_id", "replies", ["assistant_id"])
    op.create_index("ix_replies_conversation_id", "replies", ["conversation_id"])
    op.create_table(
        "thumbs",
        sa.Column("reply_id", sa.String(length=64), nullable=False),
        sa.Column("voter", sa.String(length=200), nullable=False),
        sa.Column("up", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("voter <> ''", name=op.f("ck_thumbs_voter")),
        sa.ForeignKeyConstraint(
            ["reply_id"], ["replies.id"], name="fk_thumbs_reply_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("reply_id", "voter", name="pk_thumbs"),
    )
    op.create_table(
        "votes",
        sa.Column("comparison_id", sa.String(length=64), nullable=False),
        sa.Column("voter", sa.String(length=200), nullable=False),
        sa.Column("blind", sa.Boolean(), nullable=False),
        sa.Column("choice", sa.String(length=16), nullable=False),
        sa.Column("marks", sa.JSON(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("comparison_votable", sa.Boolean(), nullable=False),
        sa.Column("comparison_blind", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "choice IN ('left', 'right', 'tie', 'both_bad')", name=op.f("ck_votes_choice")
        ),
        sa.CheckConstraint("voter <> ''", name=op.f("ck_votes_voter")),
        sa.CheckConstraint("comparison_blind OR NOT blind", name=op.f("ck_votes_blind")),
        sa.CheckConstraint("comparison_votable", name=op.f("ck_votes_votable")),
        sa.ForeignKeyConstraint(
            ["comparison_id", "comparison_votable", "comparison_blind"],
            ["comparisons.id", "comparisons.votable", "comparisons.blind"],
            name="fk_votes_comparison_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("comparison_id", "voter", "blind", name="pk_votes"),
    )

    dialect = op.get_context().dialect.name
    if dialect == "sqlite":
        op.execute(_FINAL_IN_SQLITE)
    elif dialect == "postgresql":
        op.execute(_REFUSE_IN_POSTGRESQL)
        op.execute(_FINAL_IN_POSTGRESQL)
