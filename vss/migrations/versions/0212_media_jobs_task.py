"""One job for each piece."""

from alembic import op

revision = "0212"
down_revision = "0211"


def upgrade() -> None:
    op.create_index("media_jobs_task", "media_jobs", ["video_id", "task", "chunk"], unique=True)
