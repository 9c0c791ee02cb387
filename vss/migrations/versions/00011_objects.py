"""Bytes: what S3 holds or is about to hold."""

import sqlalchemy as sa

from common.db import Instant, binary_text, identifier, size_in_bytes
from vss.create_once import create_table_once

revision = "00011"
down_revision = "00010"


def upgrade() -> None:
    create_table_once(
        "objects",
        sa.Column("id", identifier(), primary_key=True),
        sa.Column("owner_id", identifier(), nullable=False),
        sa.Column("state", binary_text(16), nullable=False),
        sa.Column("size", size_in_bytes(), nullable=True),
        sa.Column("content_type", binary_text(100), nullable=False),
        sa.Column("part_size", size_in_bytes(), nullable=True),
        sa.Column("part_count", sa.Integer(), nullable=True),
        sa.Column("object_key", binary_text(64), nullable=False, unique=True),
        sa.Column("s3_upload_id", binary_text(1024), nullable=True),
        sa.Column("etag", binary_text(255), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("last_activity_at", Instant(), nullable=False),
        sa.Column("leased_until", Instant(), nullable=False),
        sa.Column("part_checksums", binary_text(16), nullable=True),
        sa.Column("lost_at", Instant(), nullable=True),
        sa.Column("overfull_at", Instant(), nullable=True),
        sa.Column("read_back_sha256", binary_text(64), nullable=True),
        sa.Column("read_back_at", Instant(), nullable=True),
        sa.Column("kind", binary_text(16), nullable=False, server_default="planned"),
        indexes={
            "objects_unsettled": ["state", "leased_until"],
            "objects_abandoned": ["state", "last_activity_at"],
            "objects_owner": ["owner_id", "state"],
            "objects_unread": ["state", "read_back_at", "id"],
        },
    )
