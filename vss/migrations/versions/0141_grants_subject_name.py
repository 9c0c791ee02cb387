"""What the account or group of a grant was called when it was made."""

from alembic import op
from sqlalchemy import Column

from common.db import human_text

revision = "0141"
down_revision = "0140"


def upgrade() -> None:
    with op.batch_alter_table("grants") as table:
        table.add_column(Column("subject_name", human_text(64), nullable=True))
