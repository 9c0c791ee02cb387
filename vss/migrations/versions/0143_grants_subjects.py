"""One grant of a video to each account and group."""

from alembic import op

revision = "0143"
down_revision = "0142"


def upgrade() -> None:
    op.create_index("grants_subject", "grants", ["subject", "video_id"], unique=True)
