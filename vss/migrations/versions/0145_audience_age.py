"""What is granted, by age."""

from alembic import op

revision = "0145"
down_revision = "0144"


def upgrade() -> None:
    op.create_index("audience_age", "audience", ["subject", "created_at", "video_id"])
