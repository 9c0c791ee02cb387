"""Until when a process has the right to compare them."""

import sqlalchemy as sa
from alembic import op

from common.db import Instant

revision = "0098"
down_revision = "0097"


def upgrade() -> None:
    op.add_column("installation", sa.Column("checking_until", Instant(), nullable=True))
