"""How much of it there is."""

from alembic import op

revision = "0102"
down_revision = "0101"


def upgrade() -> None:
    op.create_index("derived_objects_size", "derived_objects", ["state", "size"])
