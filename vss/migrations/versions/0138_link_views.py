"""How often a link was played."""

import sqlalchemy as sa
from alembic import op

from common.db import identifier

revision = "0138"
down_revision = "0137"


def upgrade() -> None:
    op.create_table(
        "link_views",
        sa.Column("link_id", identifier(), primary_key=True),
        sa.Column("views", sa.Integer(), nullable=False),
    )
