"""What guests have sent by links."""

import sqlalchemy as sa
from alembic import op

from common.db import Instant, binary_text, human_text, identifier, long_text

revision = "0190"
down_revision = "0188"


def upgrade() -> None:
    op.create_table(
        "guest_uploads",
        sa.Column("video_id", identifier(), primary_key=True),
        sa.Column("grant_id", identifier(), nullable=False),
        sa.Column("collection_id", identifier(), nullable=False),
        sa.Column("secret_hash", binary_text(64), nullable=False),
        sa.Column("sender", human_text(100), nullable=False),
        sa.Column("message", long_text(), nullable=False),
        sa.Column("received_at", Instant(), nullable=True),
    )
