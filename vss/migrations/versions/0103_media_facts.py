"""What videos say of themselves, since somebody looks."""

import sqlalchemy as sa
from alembic import op

from common.db import binary_text, identifier, long_text, size_in_bytes

revision = "0103"
down_revision = "0102"


def upgrade() -> None:
    op.create_table(
        "media_facts",
        sa.Column("video_id", identifier(), primary_key=True),
        sa.Column("duration_ms", size_in_bytes(), nullable=True),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("frame_rate", sa.Double(), nullable=True),
        sa.Column("codecs", binary_text(600), nullable=False),
        sa.Column("has_video", sa.Boolean(), nullable=False),
        sa.Column("has_audio", sa.Boolean(), nullable=False),
        sa.Column("facts", long_text(), nullable=False),
        sa.Column("poster_id", identifier(), nullable=True),
        sa.Column("poster_ms", size_in_bytes(), nullable=True),
        sa.Column("storyboard_id", identifier(), nullable=True),
    )
