"""What the settling loop looks for."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_index("videos_unsettled", "videos", ["settle_after"])
