"""When a worker has asked whose kernel has no Landlock."""

import sqlalchemy as sa
from alembic import op

from common.db import Instant

revision = "0135"
down_revision = "0133"


def upgrade() -> None:
    op.add_column("media_workers", sa.Column("no_landlock_at", Instant(), nullable=True))
