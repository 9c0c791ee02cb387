"""What an administrator hides: its owner's choice is kept for the time after."""

import sqlalchemy as sa
from alembic import op

from common.db import binary_text

revision = "0050"
down_revision = "0046"


def upgrade() -> None:
    op.add_column("videos", sa.Column("hidden_visibility", binary_text(16), nullable=True))
