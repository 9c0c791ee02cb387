"""Quota: what each account has reserved and stored."""

import sqlalchemy as sa
from alembic import op

from common.db import identifier, size_in_bytes

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.create_table(
        "storage_usage",
        sa.Column("owner_id", identifier(), primary_key=True),
        sa.Column("reserved", size_in_bytes(), nullable=False),
        sa.Column("stored", size_in_bytes(), nullable=False),
    )
