"""When an object was read back last."""

import sqlalchemy as sa
from alembic import op

from common.db import Instant

revision = "0058"
down_revision = "0057"


def upgrade() -> None:
    op.add_column("objects", sa.Column("read_back_at", Instant(), nullable=True))
