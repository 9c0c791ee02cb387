"""What workers are to make of videos."""

import sqlalchemy as sa
from alembic import op

from common.db import Instant, binary_text, identifier, size_in_bytes

revision = "0104"
down_revision = "0103"


def upgrade() -> None:
    op.create_table(
        "media_jobs",
        sa.Column("id", identifier(), primary_key=True),
        sa.Column("video_id", identifier(), nullable=False),
        sa.Column("task", binary_text(16), nullable=False),
        sa.Column("state", binary_text(16), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("tries_left", sa.Integer(), nullable=False),
        sa.Column("leased_until", Instant(), nullable=False),
        sa.Column("progress", sa.Integer(), nullable=False),
        sa.Column("reason", binary_text(32), nullable=True),
        sa.Column("poster_ms", size_in_bytes(), nullable=True),
        sa.Column("is_backfill", sa.Boolean(), nullable=False),
        sa.Column("output_attempt", sa.Integer(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("settle_after", Instant(), nullable=True),
        sa.UniqueConstraint("video_id", "task"),
    )
