"""Attempts to log in, counted."""

import sqlalchemy as sa
from alembic import op

from common.db import binary_text

revision = "0030"
down_revision = "0021"


def upgrade() -> None:
    op.create_table(
        "login_throttle",
        sa.Column("bucket", binary_text(64), primary_key=True),
        sa.Column("whole_at", sa.BigInteger(), nullable=False),
    )
