"""Question sets, evaluations and their answers.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "evaluations",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("assistant_id", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("question_set", sa.Text(), nullable=False),
        sa.Column("questions_sha256", sa.String(length=64), nullable=False),
        sa.Column("questions", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("summary", sa.JSON(), nullable=False),
        sa.Column("judged", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["assistant_id"],
            ["assistants.id"],
            name="fk_evaluations_assistant_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_evaluations"),
        sa.UniqueConstraint("id", "assistant_id", name="uq_evaluations_id_assistant_id"),
    )
    op.create_index(
        "ix_evaluations_assistant_id", "evaluations", ["assistant_id", "created_at"], unique=False
    )
    op.create_table(
        "question_sets",
        sa.Column("position", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("assistant_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("questions", sa.JSON(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["assistant_id"],
            ["assistants.id"],
            name="fk_question_sets_assistant_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("position", name="pk_question_sets"),
        sa.UniqueConstraint("assistant_id", "sha256", name="uq_question_sets_assistant_id_sha256"),
    )
    op.create_table(
        "evaluation_contenders",
        sa.Column("evaluation_id", sa.String(length=64), nullable=False),
        sa.Column("contender_id", sa.String(length=16), nullable=False),
        sa.Column("assistant_id", sa.String(length=64), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["assistant_id"],
            ["assistants.id"],
            name="fk_evaluation_contenders_assistant_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["contender_id", "assistant_id"],
            ["contenders.id", "contenders.assistant_id"],
            name="fk_evaluation_contenders_contender_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["evaluation_id", "assistant_id"],
            ["evaluations.id", "evaluations.assistant_id"],
            name="fk_evaluation_contenders_evaluation_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("evaluation_id", "contender_id", name="pk_evaluation_contenders"),
    )
    op.create_index(
        op.f("ix_evaluation_contenders_contender_id"),
        "evaluation_contenders",
        ["contender_id"],
        unique=False,
    )
    op.create_table(
        "evaluation_questions",
        sa.Column("evaluation_id", sa.String(length=64), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("question", sa.JSON(), nullable=False),
        sa.Column("retrieved", sa.JSON(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["evaluation_id"],
            ["evaluations.id"],
            name="fk_evaluation_questions_evaluation_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("evaluation_id", "position", name="pk_evaluation_questions"),
    )
    op.create_table(
        "evaluated_answers",
        sa.Column("evaluation_id", sa.String(length=64), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
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
        sa.Column("truncated", sa.Boolean(), nullable=False),
        sa.Column("failure", sa.Text(), nullable=False),
        sa.Column("scores", sa.JSON(), nullable=False),
        sa.Column("scored", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["evaluation_id", "contender_id"],
            ["evaluation_contenders.evaluation_id", "evaluation_contenders.contender_id"],
            name="fk_evaluated_answers_evaluation_id_contender_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["evaluation_id", "position"],
            ["evaluation_questions.evaluation_id", "evaluation_questions.position"],
            name="fk_evaluated_answers_evaluation_id_position",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "evaluation_id", "position", "contender_id", name="pk_evaluated_answers"
        ),
    )
