"""The collections that a video is in."""

from alembic import op

revision = "0169"
down_revision = "0168"


def upgrade() -> None:
    op.create_index("collection_videos_video", "collection_videos", ["video_id"])
