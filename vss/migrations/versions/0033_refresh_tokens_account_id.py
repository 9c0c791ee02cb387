"""An account's refresh tokens."""

from alembic import op

revision = "0033"
down_revision = "0032"


def upgrade() -> None:
    op.create_index("refresh_tokens_account_id", "refresh_tokens", ["account_id"])
