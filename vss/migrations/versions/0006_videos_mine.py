"""The owner's list."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_index("videos_mine", "videos", ["owner_id", "state", "created_at", "id"])
