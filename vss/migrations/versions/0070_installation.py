"""Who uses the bucket: by this, bucket and database know each other."""

import sqlalchemy as sa
from alembic import op

from common.db import Instant, binary_text, identifier

revision = "0070"
down_revision = "0069"


def upgrade() -> None:
    op.create_table(
        "installation",
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("id", identifier(), nullable=False),
        sa.Column("status", binary_text(16), nullable=False),
        sa.Column("marked", sa.Integer(), nullable=False),
        sa.Column("looked_at", Instant(), nullable=False),
        sa.Column("held_until", Instant(), nullable=True),
    )
