"""What webhooks are told."""

import sqlalchemy as sa
from alembic import op

from common.db import Instant, binary_text, identifier, long_text

revision = "0174"
down_revision = "0173"


def upgrade() -> None:
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", identifier(), primary_key=True),
        sa.Column("webhook_id", identifier(), nullable=False),
        sa.Column("event_id", identifier(), nullable=False),
        sa.Column("type", binary_text(32), nullable=False),
        sa.Column("body", long_text(), nullable=False),
        sa.Column("state", binary_text(16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("tries_left", sa.Integer(), nullable=False),
        sa.Column("next_at", Instant(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("attempted_at", Instant(), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("duration_ms", sa.Integer(), nullable=True),
        sa.Column("answer", long_text(), nullable=True),
        sa.Column("failure", binary_text(32), nullable=True),
    )
