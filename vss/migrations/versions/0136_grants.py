"""Links to videos."""

import sqlalchemy as sa
from alembic import op

from common.db import Instant, binary_text, identifier

revision = "0136"
down_revision = "0135"


def upgrade() -> None:
    op.create_table(
        "grants",
        sa.Column("id", identifier(), primary_key=True),
        sa.Column("video_id", identifier(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=True),
        sa.Column("token_hash", binary_text(64), nullable=False, unique=True),
        sa.Column("password_hash", binary_text(128), nullable=True),
        sa.Column("view_limit", sa.Integer(), nullable=True),
        sa.Column("start_at", sa.Double(), nullable=True),
    )
