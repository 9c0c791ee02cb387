"""Which of them have something to be looked at."""

from alembic import op

revision = "0206"
down_revision = "0205"


def upgrade() -> None:
    op.create_index("rendition_sets_unsettled", "rendition_sets", ["settle_after"])
