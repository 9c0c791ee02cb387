"""An owner's collections, by title."""

from alembic import op

revision = "0166"
down_revision = "0165"


def upgrade() -> None:
    op.create_index("collections_mine", "collections", ["owner_id", "title_key", "id"])
