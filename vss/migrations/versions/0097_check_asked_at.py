"""Since when somebody waits for bucket and rows to be compared."""

import sqlalchemy as sa
from alembic import op

from common.db import Instant

revision = "0097"
down_revision = "0096"


def upgrade() -> None:
    op.add_column("installation", sa.Column("check_asked_at", Instant(), nullable=True))
