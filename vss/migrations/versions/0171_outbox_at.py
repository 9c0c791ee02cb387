"""The outbox from its beginning."""

from alembic import op

revision = "0171"
down_revision = "0170"


def upgrade() -> None:
    op.create_index("outbox_at", "outbox", ["at", "id"])
