"""Reviews by experts, one-tap impressions, offered questions, and the retrieval score of an answer.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_KINDS = "('base', 'rag', 'tuned', 'tuned+rag')"


def upgrade() -> None:
    op.add_column("answers", sa.Column("retrieval_cosine", sa.Double(), nullable=True))
    op.create_index("ix_comparisons_created_at", "comparisons", ["assistant_id", "created_at"])
    op.create_index("ix_replies_created_at", "replies", ["assistant_id", "created_at"])
    op.create_table(
        "review_items",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("assistant_id", sa.String(length=64), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("passages", sa.JSON(), nullable=False),
        sa.Column("contender_id", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("origin", sa.String(length=16), nullable=False),
        sa.Column("origin_id", sa.Text(), nullable=False),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(f"kind IN {_KINDS}", name=op.f("ck_review_items_kind")),
        sa.CheckConstraint(
            "origin IN ('errors', 'chat', 'sample')", name=op.f("ck_review_items_origin")
        ),
        _assistant("review_items"),
        sa.PrimaryKeyConstraint("id", name="pk_review_items"),
    )
    op.create_index("ix_review_items_assistant_id", "review_items", ["assistant_id", "queued_at"])
    op.create_table(
        "reviews",
        sa.Column("item_id", sa.String(length=64), nullable=False),
        sa.Column("reviewer", sa.String(length=200), nullable=False),
        sa.Column("marks", sa.JSON(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("correction", sa.Text(), nullable=False),
        sa.Column("skipped", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("reviewer <> ''", name=op.f("ck_reviews_reviewer")),
        sa.ForeignKeyConstraint(
            ["item_id"], ["review_items.id"], name="fk_reviews_item_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("item_id", "reviewer", name="pk_reviews"),
    )
    op.create_table(
        "impressions",
        sa.Column("turn_id", sa.String(length=64), nullable=False),
        sa.Column("side", sa.String(length=8), nullable=False),
        sa.Column("voter", sa.String(length=200), nullable=False),
        sa.Column("assistant_id", sa.String(length=64), nullable=False),
        sa.Column("contender_id", sa.String(length=16), nullable=False),
        sa.Column("useful", sa.Boolean(), nullable=True),
        sa.Column("right", sa.Boolean(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("voter <> ''", name=op.f("ck_impressions_voter")),
        sa.CheckConstraint("side IN ('left', 'right')", name=op.f("ck_impressions_side")),
        _assistant("impressions"),
        sa.PrimaryKeyConstraint("turn_id", "side", "voter", name="pk_impressions"),
    )
    op.create_index("ix_impressions_assistant_id", "impressions", ["assistant_id", "created_at"])
    op.create_table(
        "offered_questions",
        sa.Column("position", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("assistant_id", sa.String(length=64), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("left_kind", sa.String(length=16), nullable=False),
        sa.Column("right_kind", sa.String(length=16), nullable=False),
        sa.Column("offered_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(f"left_kind IN {_KINDS}", name=op.f("ck_offered_questions_left_kind")),
        sa.CheckConstraint(f"right_kind IN {_KINDS}", name=op.f("ck_offered_questions_right_kind")),
        _assistant("offered_questions"),
        sa.PrimaryKeyConstraint("position", name="pk_offered_questions"),
        sa.UniqueConstraint(
            "assistant_id", "question", name="uq_offered_questions_assistant_id_question"
        ),
    )


def _assistant(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["assistant_id"], ["assistants.id"], name=f"fk_{table}_assistant_id", ondelete="CASCADE"
    )
