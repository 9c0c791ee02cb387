"""Accounts, newest first."""

from alembic import op

revision = "0039"
down_revision = "0038"


def upgrade() -> None:
    op.create_index("accounts_age", "accounts", ["created_at", "id"])
