"""What is in the bucket without a row, and since when."""

import sqlalchemy as sa
from alembic import op

from common.db import Instant, binary_text

revision = "0071"
down_revision = "0070"


def upgrade() -> None:
    op.create_table(
        "set_aside",
        sa.Column("id", binary_text(64), primary_key=True),
        sa.Column("first_seen_at", Instant(), nullable=False),
        sa.Column("last_seen_at", Instant(), nullable=False),
        sa.Column("sightings", sa.Integer(), nullable=False),
    )
