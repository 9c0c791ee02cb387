"""The audit log by who did it, newest first."""

from alembic import op

revision = "0043"
down_revision = "0042"


def upgrade() -> None:
    op.create_index("audit_actor", "audit", ["actor_id", "at"])
