"""One owner's part of the library by title."""

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_index("videos_owner_title", "videos", ["owner_id", "state", "visibility", "title_key", "id"])
