"""What has come by a link, and from which guest."""

from alembic import op

revision = "0191"
down_revision = "0190"


def upgrade() -> None:
    op.create_index("guest_uploads_grant", "guest_uploads", ["grant_id", "secret_hash"])
