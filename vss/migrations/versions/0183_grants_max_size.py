"""How large a file sent by a link may be."""

import sqlalchemy as sa
from alembic import op

from common.db import size_in_bytes

revision = "0183"
down_revision = "0182"


def upgrade() -> None:
    op.add_column("grants", sa.Column("max_size", size_in_bytes(), nullable=True))
