"""One owner's videos by size."""

from alembic import op

revision = "0096"
down_revision = "0095"


def upgrade() -> None:
    op.create_index("videos_owner_size", "videos", ["owner_id", "state", "visibility", "size", "id"])
