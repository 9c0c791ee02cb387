"""What its maker says to whoever sends files by a link."""

import sqlalchemy as sa
from alembic import op

from common.db import long_text

revision = "0185"
down_revision = "0184"


def upgrade() -> None:
    op.add_column("grants", sa.Column("note", long_text(), nullable=True))
