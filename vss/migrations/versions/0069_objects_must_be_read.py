"""Whether an object is read before it is stored."""

import sqlalchemy as sa
from alembic import op

revision = "0069"
down_revision = "0068"


def upgrade() -> None:
    op.add_column("objects", sa.Column("must_be_read", sa.Boolean(), nullable=False, server_default=sa.false()))
