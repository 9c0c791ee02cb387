"""The library by age."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_index("videos_age", "videos", ["state", "visibility", "created_at", "id"])
