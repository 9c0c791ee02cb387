"""What is being made of videos for HLS."""

import sqlalchemy as sa
from alembic import op

from common.db import Instant, identifier, long_text

revision = "0205"
down_revision = "0204"


def upgrade() -> None:
    op.create_table(
        "rendition_sets",
        sa.Column("video_id", identifier(), primary_key=True),
        sa.Column("id", identifier(), nullable=False),
        sa.Column("plan", long_text(), nullable=False),
        sa.Column("stored_at", Instant(), nullable=True),
        sa.Column("settle_after", Instant(), nullable=True),
    )
