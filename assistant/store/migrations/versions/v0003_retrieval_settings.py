"""How an assistant retrieves, where it is not the default.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    # SQLite would write an added column behind the table's constraints, so its table is made anew.
    sqlite = op.get_bind().dialect.name == "sqlite"
    with op.batch_alter_table("assistants", recreate="always" if sqlite else "never") as table:
        table.add_column(sa.Column("retrieval", sa.JSON(none_as_null=True), nullable=True))
