"""Old create requests."""

from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_index("upload_idempotency_age", "upload_idempotency", ["created_at"])
