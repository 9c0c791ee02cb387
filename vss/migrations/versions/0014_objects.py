"""Bytes: what S3 holds or is about to hold."""

import sqlalchemy as sa
from alembic import op

from common.db import Instant, binary_text, identifier, size_in_bytes

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.create_table(
        "objects",
        sa.Column("id", identifier(), primary_key=True),
        sa.Column("owner_id", identifier(), nullable=False),
        sa.Column("state", binary_text(16), nullable=False),
        sa.Column("size", size_in_bytes(), nullable=False),
        sa.Column("content_type", binary_text(100), nullable=False),
        sa.Column("part_size", size_in_bytes(), nullable=False),
        sa.Column("part_count", sa.Integer(), nullable=False),
        sa.Column("object_key", binary_text(64), nullable=False, unique=True),
        sa.Column("s3_upload_id", binary_text(1024), nullable=True),
        sa.Column("etag", binary_text(255), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("last_activity_at", Instant(), nullable=False),
        sa.Column("leased_until", Instant(), nullable=False),
    )
