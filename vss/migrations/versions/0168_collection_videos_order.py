"""A collection's videos in their order."""

from alembic import op

revision = "0168"
down_revision = "0167"


def upgrade() -> None:
    op.create_index("collection_videos_order", "collection_videos", ["collection_id", "position", "video_id"])
