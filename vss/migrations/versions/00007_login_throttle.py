"""Attempts to log in, counted."""

import sqlalchemy as sa

from common.db import binary_text
from vss.create_once import create_table_once

revision = "00007"
down_revision = "00006"


def upgrade() -> None:
    create_table_once(
        "login_throttle",
        sa.Column("bucket", binary_text(64), primary_key=True),
        sa.Column("whole_at", sa.BigInteger(), nullable=False),
        indexes={"login_throttle_whole_at": ["whole_at"]},
    )
