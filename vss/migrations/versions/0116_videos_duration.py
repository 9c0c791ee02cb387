"""How long each video is, since somebody looks."""

import sqlalchemy as sa
from alembic import op

from common.db import size_in_bytes

revision = "0116"
down_revision = "0106"


def upgrade() -> None:
    op.add_column("videos", sa.Column("duration_ms", size_in_bytes(), nullable=True))
