"""Refresh tokens of API clients."""

import sqlalchemy as sa

from common.db import Instant, binary_text, identifier
from vss.create_once import create_table_once

revision = "00005"
down_revision = "00004"


def upgrade() -> None:
    create_table_once(
        "refresh_tokens",
        sa.Column("id", identifier(), primary_key=True),
        sa.Column("account_id", identifier(), sa.ForeignKey("accounts.id"), nullable=False),
        sa.Column("current_hash", binary_text(64), nullable=False),
        sa.Column("previous_hash", binary_text(64), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("rotated_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        indexes={"refresh_tokens_account_id": ["account_id"], "refresh_tokens_expires_at": ["expires_at"]},
    )
