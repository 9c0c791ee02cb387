"""Videos of a size that only their client knows, while they are uploaded."""

from alembic import op

from common.db import size_in_bytes

revision = "0065"
down_revision = "0064"


def upgrade() -> None:
    with op.batch_alter_table("videos") as table:
        table.alter_column("size", existing_type=size_in_bytes(), nullable=True)
