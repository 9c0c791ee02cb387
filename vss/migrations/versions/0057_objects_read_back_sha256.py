"""The SHA-256 of an object as it was read back from the storage."""

import sqlalchemy as sa
from alembic import op

from common.db import binary_text

revision = "0057"
down_revision = "0056"


def upgrade() -> None:
    op.add_column("objects", sa.Column("read_back_sha256", binary_text(64), nullable=True))
