"""Objects: the column for excess copies is named after them."""

from alembic import op

revision = "0086"
down_revision = "0085"


def upgrade() -> None:
    op.execute("ALTER TABLE objects RENAME COLUMN overfull_at TO excess_at")
