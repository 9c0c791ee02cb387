"""The deliveries of a webhook."""

from alembic import op

revision = "0176"
down_revision = "0175"


def upgrade() -> None:
    op.create_index("webhook_deliveries_webhook", "webhook_deliveries", ["webhook_id", "created_at", "id"])
