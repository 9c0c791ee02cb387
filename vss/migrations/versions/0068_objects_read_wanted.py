"""The objects that somebody waits for, the longest waiting first."""

from alembic import op

revision = "0068"
down_revision = "0067"


def upgrade() -> None:
    op.create_index("objects_read_wanted", "objects", ["read_wanted_at"])
