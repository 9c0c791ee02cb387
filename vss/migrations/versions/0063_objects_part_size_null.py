"""Objects that their client cuts into parts."""

from alembic import op

from common.db import size_in_bytes

revision = "0063"
down_revision = "0062"


def upgrade() -> None:
    with op.batch_alter_table("objects") as table:
        table.alter_column("part_size", existing_type=size_in_bytes(), nullable=True)
