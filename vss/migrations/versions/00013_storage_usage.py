"""Quota: what each account has reserved and stored."""

import sqlalchemy as sa

from common.db import identifier, size_in_bytes
from vss.create_once import create_table_once

revision = "00013"
down_revision = "00012"


def upgrade() -> None:
    create_table_once(
        "storage_usage",
        sa.Column("owner_id", identifier(), primary_key=True),
        sa.Column("reserved", size_in_bytes(), nullable=False),
        sa.Column("stored", size_in_bytes(), nullable=False),
    )
