"""Jobs whose attempts may have left something."""

from alembic import op

revision = "0106"
down_revision = "0105"


def upgrade() -> None:
    op.create_index("media_jobs_unsettled", "media_jobs", ["settle_after"])
