"""What waits, by turns."""

from alembic import op

revision = "0127"
down_revision = "0126"


def upgrade() -> None:
    op.execute(
        "UPDATE media_jobs SET owner_id = (SELECT owner_id FROM videos WHERE videos.id = media_jobs.video_id) "
        "WHERE owner_id = '' AND EXISTS (SELECT 1 FROM videos WHERE videos.id = media_jobs.video_id)"
    )
    op.create_index("media_jobs_next", "media_jobs", ["state", "is_backfill", "task", "owner_id", "leased_until"])
