"""An account's webhooks."""

from alembic import op

revision = "0173"
down_revision = "0172"


def upgrade() -> None:
    op.create_index("webhooks_owner", "webhooks", ["owner_id", "created_at", "id"])
