"""The owner's quota as it was when parts of an object were last signed."""

import sqlalchemy as sa
from alembic import op

from common.db import size_in_bytes

revision = "0077"
down_revision = "0076"


def upgrade() -> None:
    op.add_column("objects", sa.Column("quota_bytes", size_in_bytes(), nullable=True))
