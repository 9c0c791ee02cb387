"""The library by title."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_index("videos_title", "videos", ["state", "visibility", "title_key", "id"])
