"""What is known of an example beside its words, and what the guided start asked for.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    # SQLite would write added columns behind the table's constraints, so its tables are made anew.
    sqlite = op.get_bind().dialect.name == "sqlite"
    json = sa.JSON(none_as_null=True)
    with op.batch_alter_table("assistants", recreate="always" if sqlite else "never") as table:
        table.add_column(sa.Column("profile", json, nullable=True))
    with op.batch_alter_table("examples", recreate="always" if sqlite else "never") as table:
        table.add_column(sa.Column("span", json, nullable=True))
        table.add_column(sa.Column("scores", json, nullable=True))
        table.add_column(sa.Column("flags", json, nullable=True))
        table.add_column(
            sa.Column("rejected", sa.Boolean(), nullable=False, server_default=sa.false())
        )
