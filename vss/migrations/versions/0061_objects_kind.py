"""How an object's bytes come; those that are there came in parts that were planned."""

import sqlalchemy as sa
from alembic import op

from common.db import binary_text

revision = "0061"
down_revision = "0060"


def upgrade() -> None:
    op.add_column("objects", sa.Column("kind", binary_text(16), nullable=False, server_default="planned"))
