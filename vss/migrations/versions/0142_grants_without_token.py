"""A grant to an account or a group has no link."""

from alembic import op

from common.db import binary_text

revision = "0142"
down_revision = "0141"


def upgrade() -> None:
    with op.batch_alter_table("grants") as table:
        table.alter_column("token_hash", existing_type=binary_text(64), nullable=True)
