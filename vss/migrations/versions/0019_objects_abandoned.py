"""What fs_svc's loop looks for to give up abandoned uploads."""

from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.create_index("objects_abandoned", "objects", ["state", "last_activity_at"])
