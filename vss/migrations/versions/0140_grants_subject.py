"""To whom a grant is, other than whoever has a link."""

from alembic import op
from sqlalchemy import Column

from common.db import binary_text

revision = "0140"
down_revision = "0139"


def upgrade() -> None:
    with op.batch_alter_table("grants") as table:
        table.add_column(Column("subject", binary_text(64), nullable=True))
