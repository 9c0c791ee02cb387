"""The keys of create requests to auth_svc, in the one shape that every service has."""

import sqlalchemy as sa
from alembic import op

from common.db import Instant, binary_text, identifier, long_text

revision = "0090"
down_revision = "0086"


def upgrade() -> None:
    op.create_table(
        "auth_idempotency_keys",
        sa.Column("account_id", identifier(), primary_key=True),
        sa.Column("path", binary_text(128), primary_key=True),
        sa.Column("idempotency_key", binary_text(255), primary_key=True),
        sa.Column("content_hash", binary_text(64), nullable=False),
        sa.Column("resource_id", identifier(), nullable=False),
        sa.Column("answer", long_text(), nullable=True),
        sa.Column("claimed_until", Instant(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
    )
