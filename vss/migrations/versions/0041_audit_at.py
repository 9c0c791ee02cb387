"""What was done, by time."""

from alembic import op

revision = "0041"
down_revision = "0040"


def upgrade() -> None:
    op.create_index("audit_at", "audit", ["at"])
