"""Which run of a tuned contender a conversation was begun with, where it is not the latest.

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    # SQLite would write added columns behind the table's constraints, so its table is made anew.
    sqlite = op.get_bind().dialect.name == "sqlite"
    with op.batch_alter_table("conversations", recreate="always" if sqlite else "never") as table:
        table.add_column(sa.Column("left_run", sa.Text(), nullable=True))
        table.add_column(sa.Column("right_run", sa.Text(), nullable=True))
