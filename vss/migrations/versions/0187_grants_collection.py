"""The grants of a collection."""

from alembic import op

revision = "0187"
down_revision = "0186"


def upgrade() -> None:
    op.create_index("grants_collection", "grants", ["collection_id", "created_at", "id"])
