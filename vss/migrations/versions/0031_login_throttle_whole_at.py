"""Buckets that are whole again."""

from alembic import op

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    op.create_index("login_throttle_whole_at", "login_throttle", ["whole_at"])
