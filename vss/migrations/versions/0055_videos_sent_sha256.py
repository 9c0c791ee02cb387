"""The SHA-256 of a whole file that its sender has computed while sending it."""

import sqlalchemy as sa
from alembic import op

from common.db import binary_text

revision = "0055"
down_revision = "0054"


def upgrade() -> None:
    op.add_column("videos", sa.Column("sent_sha256", binary_text(64), nullable=True))
