"""Refresh tokens that have run out."""

from alembic import op

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    op.create_index("refresh_tokens_expires_at", "refresh_tokens", ["expires_at"])
