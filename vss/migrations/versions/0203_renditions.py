"""What videos are played from by HLS."""

import sqlalchemy as sa
from alembic import op

from common.db import binary_text, identifier, long_text

revision = "0203"
down_revision = "0202"


def upgrade() -> None:
    op.create_table(
        "renditions",
        sa.Column("video_id", identifier(), primary_key=True),
        sa.Column("set_id", identifier(), nullable=False),
        sa.Column("content", long_text(), nullable=False),
        sa.Column("names", binary_text(512), nullable=False),
    )
