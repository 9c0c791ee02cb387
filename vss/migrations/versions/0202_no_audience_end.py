"""What has ended is found by the grants."""

from alembic import op

revision = "0202"
down_revision = "0201"


def upgrade() -> None:
    op.drop_index("audience_end", "audience")
