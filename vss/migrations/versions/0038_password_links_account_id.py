"""An account's links for a password."""

from alembic import op

revision = "0038"
down_revision = "0037"


def upgrade() -> None:
    op.create_index("password_links_account_id", "password_links", ["account_id"])
