"""One owner's videos by length."""

from alembic import op

revision = "0118"
down_revision = "0117"


def upgrade() -> None:
    op.create_index("videos_owner_length", "videos", ["owner_id", "state", "visibility", "duration_ms", "id"])
