"""Which deliveries are old."""

from alembic import op

revision = "0177"
down_revision = "0176"


def upgrade() -> None:
    op.create_index("webhook_deliveries_age", "webhook_deliveries", ["created_at"])
