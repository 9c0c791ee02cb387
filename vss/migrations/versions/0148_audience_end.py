"""Which grants have ended."""

from alembic import op

revision = "0148"
down_revision = "0147"


def upgrade() -> None:
    op.create_index("audience_end", "audience", ["expires_at"])
