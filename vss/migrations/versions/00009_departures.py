"""Accounts that have been deleted, until every service has settled what was theirs."""

import sqlalchemy as sa

from common.db import Instant, identifier
from vss.create_once import create_table_once

revision = "00009"
down_revision = "00008"


def upgrade() -> None:
    create_table_once(
        "departures",
        sa.Column("account_id", identifier(), primary_key=True),
        sa.Column("heir_id", identifier(), nullable=True),
        sa.Column("left_at", Instant(), nullable=False),
        sa.Column("videos_settled_at", Instant(), nullable=True),
        sa.Column("positions_settled_at", Instant(), nullable=True),
    )
