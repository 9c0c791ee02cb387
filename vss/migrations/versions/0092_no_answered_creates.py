"""Without what has gone to auth_idempotency_keys."""

from alembic import op

revision = "0092"
down_revision = "0091"


def upgrade() -> None:
    op.drop_table("answered_creates")
