"""Accounts that have been deleted, until every service has settled what was theirs."""

import sqlalchemy as sa
from alembic import op

from common.db import Instant, identifier

revision = "0051"
down_revision = "0050"


def upgrade() -> None:
    op.create_table(
        "departures",
        sa.Column("account_id", identifier(), primary_key=True),
        sa.Column("heir_id", identifier(), nullable=True),
        sa.Column("left_at", Instant(), nullable=False),
        sa.Column("videos_settled_at", Instant(), nullable=True),
        sa.Column("positions_settled_at", Instant(), nullable=True),
    )
