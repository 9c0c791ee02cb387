"""The sessions of one account."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_index("sessions_account_id", "sessions", ["account_id"])
