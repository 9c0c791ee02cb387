"""Jobs that may be taken."""

from alembic import op

revision = "0105"
down_revision = "0104"


def upgrade() -> None:
    op.create_index("media_jobs_due", "media_jobs", ["state", "leased_until"])
