"""What is granted, by length."""

from alembic import op

revision = "0147"
down_revision = "0146"


def upgrade() -> None:
    op.create_index("audience_length", "audience", ["subject", "duration_ms", "video_id"])
