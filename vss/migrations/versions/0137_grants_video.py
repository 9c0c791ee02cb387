"""The links to a video."""

from alembic import op

revision = "0137"
down_revision = "0136"


def upgrade() -> None:
    op.create_index("grants_video", "grants", ["video_id", "created_at", "id"])
