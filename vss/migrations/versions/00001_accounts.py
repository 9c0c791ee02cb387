"""Accounts of people."""

import sqlalchemy as sa

from common.db import Instant, binary_text, identifier, size_in_bytes
from vss.create_once import create_table_once

revision = "00001"
down_revision = None


def upgrade() -> None:
    create_table_once(
        "accounts",
        sa.Column("id", identifier(), primary_key=True),
        sa.Column("username", binary_text(64), nullable=False, unique=True),
        sa.Column("password_hash", binary_text(255), nullable=False),
        sa.Column("role", binary_text(16), nullable=False),
        sa.Column("is_disabled", sa.Boolean(), nullable=False),
        sa.Column("quota_bytes", size_in_bytes(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        indexes={"accounts_age": ["created_at", "id"]},
    )
