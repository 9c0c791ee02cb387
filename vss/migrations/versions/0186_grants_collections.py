"""One grant of a collection to each."""

from alembic import op

revision = "0186"
down_revision = "0185"


def upgrade() -> None:
    op.create_index("grants_collection_subject", "grants", ["subject", "collection_id"], unique=True)
