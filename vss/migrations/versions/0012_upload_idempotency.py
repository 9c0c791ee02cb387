"""Create requests that may be sent again."""

import sqlalchemy as sa
from alembic import op

from common.db import Instant, binary_text, identifier, long_text

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "upload_idempotency",
        sa.Column("account_id", identifier(), primary_key=True),
        sa.Column("idempotency_key", binary_text(255), primary_key=True),
        sa.Column("content_hash", binary_text(64), nullable=False),
        sa.Column("upload_id", identifier(), nullable=False),
        sa.Column("answer", long_text(), nullable=True),
        sa.Column("taken_until", Instant(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
    )
