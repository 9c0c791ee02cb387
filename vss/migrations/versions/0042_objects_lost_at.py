"""When the storage was first found to have lost an object that was being completed."""

import sqlalchemy as sa
from alembic import op

from common.db import Instant

revision = "0042"
down_revision = "0041"


def upgrade() -> None:
    op.add_column("objects", sa.Column("lost_at", Instant(), nullable=True))
