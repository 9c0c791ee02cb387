"""Creates of auth_svc that carried an `Idempotency-Key`, and what they were answered."""

import sqlalchemy as sa

from common.db import Instant, binary_text, identifier, long_text
from vss.create_once import create_table_once

revision = "00008"
down_revision = "00007"


def upgrade() -> None:
    create_table_once(
        "answered_creates",
        sa.Column("account_id", identifier(), primary_key=True),
        sa.Column("path", binary_text(64), primary_key=True),
        sa.Column("idempotency_key", binary_text(255), primary_key=True),
        sa.Column("content_hash", binary_text(64), nullable=False),
        sa.Column("answer", long_text(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        indexes={"answered_creates_age": ["created_at"]},
    )
