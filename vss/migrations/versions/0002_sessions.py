"""Sessions of browsers."""

import sqlalchemy as sa
from alembic import op

from common.db import Instant, binary_text, human_text, identifier

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "sessions",
        sa.Column("secret_hash", binary_text(64), primary_key=True),
        sa.Column("account_id", identifier(), sa.ForeignKey("accounts.id"), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("last_seen_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("user_agent", human_text(255), nullable=False),
        sa.Column("address", binary_text(64), nullable=False),
    )
