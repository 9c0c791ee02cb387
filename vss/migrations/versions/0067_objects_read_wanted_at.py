"""Since when somebody waits for an object to be read back."""

import sqlalchemy as sa
from alembic import op

from common.db import Instant

revision = "0067"
down_revision = "0066"


def upgrade() -> None:
    op.add_column("objects", sa.Column("read_wanted_at", Instant(), nullable=True))
