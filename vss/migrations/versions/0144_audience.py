"""What each account and group may watch by grants, as lists read it."""

import sqlalchemy as sa
from alembic import op

from common.db import Instant, binary_text, identifier, size_in_bytes

revision = "0144"
down_revision = "0143"


def upgrade() -> None:
    op.create_table(
        "audience",
        sa.Column("video_id", identifier(), primary_key=True),
        sa.Column("subject", binary_text(64), primary_key=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("title_key", binary_text(200), nullable=False),
        sa.Column("duration_ms", size_in_bytes(), nullable=True),
        sa.Column("expires_at", Instant(), nullable=True),
    )
