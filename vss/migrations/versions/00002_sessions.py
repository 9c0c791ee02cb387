"""Sessions of browsers."""

import sqlalchemy as sa

from common.db import Instant, binary_text, human_text, identifier
from vss.create_once import create_table_once

revision = "00002"
down_revision = "00001"


def upgrade() -> None:
    create_table_once(
        "sessions",
        sa.Column("secret_hash", binary_text(64), primary_key=True),
        sa.Column("account_id", identifier(), sa.ForeignKey("accounts.id"), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("last_seen_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("user_agent", human_text(255), nullable=False),
        sa.Column("address", binary_text(64), nullable=False),
        indexes={"sessions_account_id": ["account_id"]},
    )
