"""The SHA-256 that a whole file was announced with, where its bytes are known."""

import sqlalchemy as sa
from alembic import op

from common.db import binary_text

revision = "0066"
down_revision = "0065"


def upgrade() -> None:
    op.add_column("objects", sa.Column("sha256", binary_text(64), nullable=True))
