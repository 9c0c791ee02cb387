"""What was made of one video."""

from alembic import op

revision = "0100"
down_revision = "0099"


def upgrade() -> None:
    op.create_index("derived_objects_parent", "derived_objects", ["object_id"])
