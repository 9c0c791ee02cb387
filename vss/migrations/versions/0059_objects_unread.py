"""Stored objects by when they were read back last, the longest ago first."""

from alembic import op

revision = "0059"
down_revision = "0058"


def upgrade() -> None:
    op.create_index("objects_unread", "objects", ["state", "read_back_at", "id"])
