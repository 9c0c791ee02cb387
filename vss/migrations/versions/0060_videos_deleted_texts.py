"""What was deleted before is looked at once more: its texts go now, as those of what is deleted from here on do."""

from alembic import op

revision = "0060"
down_revision = "0059"


def upgrade() -> None:
    op.execute("UPDATE videos SET settle_after = created_at WHERE state = 'deleted' AND settle_after IS NULL")
