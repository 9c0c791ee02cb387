"""What somebody watched last."""

from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.create_index("positions_recent", "positions", ["account_id", "updated_at"])
