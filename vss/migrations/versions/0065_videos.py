"""What videos are."""

import sqlalchemy as sa

from common.db import Instant, binary_text, human_text, identifier, long_text, size_in_bytes
from vss.create_once import create_table_once

# Where installations from before these revisions stand, which had one for each change.
revision = "0065"
down_revision = "00016"


def upgrade() -> None:
    create_table_once(
        "videos",
        sa.Column("id", identifier(), primary_key=True),
        sa.Column("owner_id", identifier(), nullable=False),
        sa.Column("owner_username", binary_text(64), nullable=False),
        sa.Column("title", human_text(200), nullable=False),
        sa.Column("title_key", binary_text(200), nullable=False),
        sa.Column("description", long_text(), nullable=False),
        sa.Column("search_key", long_text(), nullable=False),
        sa.Column("filename", human_text(255), nullable=False),
        sa.Column("size", size_in_bytes(), nullable=True),
        sa.Column("content_type", binary_text(100), nullable=False),
        sa.Column("visibility", binary_text(16), nullable=False),
        sa.Column("state", binary_text(16), nullable=False),
        sa.Column("sha256", binary_text(64), nullable=True),
        sa.Column("part_size", size_in_bytes(), nullable=True),
        sa.Column("part_count", sa.Integer(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("settle_after", Instant(), nullable=True),
        sa.Column("hidden_visibility", binary_text(16), nullable=True),
        sa.Column("sent_sha256", binary_text(64), nullable=True),
        indexes={
            "videos_mine": ["owner_id", "state", "created_at", "id"],
            "videos_unsettled": ["settle_after"],
            "videos_age": ["state", "visibility", "created_at", "id"],
            "videos_title": ["state", "visibility", "title_key", "id"],
            "videos_owner_age": ["owner_id", "state", "visibility", "created_at", "id"],
            "videos_owner_title": ["owner_id", "state", "visibility", "title_key", "id"],
        },
    )
