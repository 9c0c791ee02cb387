"""Create requests that may be sent again."""

import sqlalchemy as sa

from common.db import Instant, binary_text, identifier, long_text
from vss.create_once import create_table_once

revision = "00016"
down_revision = "00015"


def upgrade() -> None:
    create_table_once(
        "upload_idempotency",
        sa.Column("account_id", identifier(), primary_key=True),
        sa.Column("idempotency_key", binary_text(255), primary_key=True),
        sa.Column("content_hash", binary_text(64), nullable=False),
        sa.Column("upload_id", identifier(), nullable=False),
        sa.Column("answer", long_text(), nullable=True),
        sa.Column("taken_until", Instant(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        indexes={"upload_idempotency_age": ["created_at"]},
    )
