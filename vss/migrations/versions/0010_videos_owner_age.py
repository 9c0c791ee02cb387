"""One owner's part of the library by age."""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_index("videos_owner_age", "videos", ["owner_id", "state", "visibility", "created_at", "id"])
