"""Who is told of events."""

import sqlalchemy as sa
from alembic import op

from common.db import Instant, binary_text, identifier

revision = "0172"
down_revision = "0171"


def upgrade() -> None:
    op.create_table(
        "webhooks",
        sa.Column("id", identifier(), primary_key=True),
        sa.Column("owner_id", identifier(), nullable=False),
        sa.Column("url", binary_text(2048), nullable=False),
        sa.Column("events", binary_text(512), nullable=False),
        sa.Column("sealed_secret", binary_text(255), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("failing_since", Instant(), nullable=True),
        sa.Column("disabled_at", Instant(), nullable=True),
        sa.Column("disabled_reason", binary_text(32), nullable=True),
    )
