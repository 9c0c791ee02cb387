"""Grants that have ended."""

from alembic import op

revision = "0201"
down_revision = "0200"


def upgrade() -> None:
    op.create_index("grants_end", "grants", ["expires_at", "subject"])
