"""Answered creates by age, for the housekeeping."""

from alembic import op

revision = "0046"
down_revision = "0045"


def upgrade() -> None:
    op.create_index("answered_creates_age", "answered_creates", ["created_at"])
