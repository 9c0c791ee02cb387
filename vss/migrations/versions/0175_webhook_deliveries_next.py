"""Which deliveries are due."""

from alembic import op

revision = "0175"
down_revision = "0174"


def upgrade() -> None:
    op.create_index("webhook_deliveries_next", "webhook_deliveries", ["next_at", "webhook_id"])
