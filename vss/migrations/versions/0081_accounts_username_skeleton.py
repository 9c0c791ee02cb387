"""What is the same for user names that look alike."""

from alembic import op
from sqlalchemy import Column

from common.db import binary_text

revision = "0081"
down_revision = "0080"


def upgrade() -> None:
    with op.batch_alter_table("accounts") as table:
        table.add_column(Column("username_skeleton", binary_text(64), nullable=True))
