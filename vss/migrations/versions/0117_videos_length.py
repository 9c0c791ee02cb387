"""The library by length."""

from alembic import op

revision = "0117"
down_revision = "0116"


def upgrade() -> None:
    op.create_index("videos_length", "videos", ["state", "visibility", "duration_ms", "id"])
