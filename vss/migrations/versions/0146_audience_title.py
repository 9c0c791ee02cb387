"""What is granted, by title."""

from alembic import op

revision = "0146"
down_revision = "0145"


def upgrade() -> None:
    op.create_index("audience_title", "audience", ["subject", "title_key", "video_id"])
