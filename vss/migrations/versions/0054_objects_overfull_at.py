"""When the storage was found to hold many copies of an open upload's parts."""

import sqlalchemy as sa
from alembic import op

from common.db import Instant

revision = "0054"
down_revision = "0053"


def upgrade() -> None:
    op.add_column("objects", sa.Column("overfull_at", Instant(), nullable=True))
