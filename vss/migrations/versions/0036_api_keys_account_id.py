"""An account's API keys."""

from alembic import op

revision = "0036"
down_revision = "0035"


def upgrade() -> None:
    op.create_index("api_keys_account_id", "api_keys", ["account_id"])
