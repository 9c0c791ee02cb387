"""API keys."""

import sqlalchemy as sa

from common.db import Instant, binary_text, human_text, identifier
from vss.create_once import create_table_once

revision = "00006"
down_revision = "00005"


def upgrade() -> None:
    create_table_once(
        "api_keys",
        sa.Column("id", identifier(), primary_key=True),
        sa.Column("account_id", identifier(), sa.ForeignKey("accounts.id"), nullable=False),
        sa.Column("name", human_text(100), nullable=False),
        sa.Column("secret_hash", binary_text(64), nullable=False, unique=True),
        sa.Column("prefix", binary_text(16), nullable=False),
        sa.Column("scopes", binary_text(64), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=True),
        sa.Column("last_used_at", Instant(), nullable=True),
        indexes={"api_keys_account_id": ["account_id"]},
    )
