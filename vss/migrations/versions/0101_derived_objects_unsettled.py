"""What of it is to be deleted."""

from alembic import op

revision = "0101"
down_revision = "0100"


def upgrade() -> None:
    op.create_index("derived_objects_unsettled", "derived_objects", ["state", "leased_until"])
