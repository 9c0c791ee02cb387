"""How many uploads somebody has open, found without reading all of theirs."""

from alembic import op

revision = "0053"
down_revision = "0052"


def upgrade() -> None:
    op.create_index("objects_owner", "objects", ["owner_id", "state"])
