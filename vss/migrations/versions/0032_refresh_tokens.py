"""Refresh tokens of API clients."""

import sqlalchemy as sa
from alembic import op

from common.db import Instant, binary_text, identifier

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    op.create_table(
        "refresh_tokens",
        sa.Column("id", identifier(), primary_key=True),
        sa.Column("account_id", identifier(), sa.ForeignKey("accounts.id"), nullable=False),
        sa.Column("current_hash", binary_text(64), nullable=False),
        sa.Column("previous_hash", binary_text(64), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("rotated_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
    )
