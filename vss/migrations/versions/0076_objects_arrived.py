"""The bytes that have come for an object of which no size was declared."""

import sqlalchemy as sa
from alembic import op

from common.db import size_in_bytes

revision = "0076"
down_revision = "0075"


def upgrade() -> None:
    op.add_column("objects", sa.Column("arrived", size_in_bytes(), nullable=False, server_default="0"))
