"""Whether a voter said that they do not know if an answer was right.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column(
        "impressions",
        sa.Column("unsure", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
