"""Where each person stopped watching each video."""

import sqlalchemy as sa
from alembic import op

from common.db import Instant, identifier

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.create_table(
        "positions",
        sa.Column("account_id", identifier(), primary_key=True),
        sa.Column("video_id", identifier(), primary_key=True),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("duration", sa.Double(), nullable=True),
        sa.Column("updated_at", Instant(), nullable=False),
    )
