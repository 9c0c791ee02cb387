"""The audit log by whom it was done to, newest first."""

from alembic import op

revision = "0044"
down_revision = "0043"


def upgrade() -> None:
    op.create_index("audit_target", "audit", ["target_id", "at"])
