"""Objects of a size that only their client knows."""

from alembic import op

from common.db import size_in_bytes

revision = "0062"
down_revision = "0061"


def upgrade() -> None:
    with op.batch_alter_table("objects") as table:
        table.alter_column("size", existing_type=size_in_bytes(), nullable=True)
