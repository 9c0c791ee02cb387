"""Where each person stopped watching each video."""

import sqlalchemy as sa

from common.db import Instant, identifier
from vss.create_once import create_table_once

revision = "00015"
down_revision = "00014"


def upgrade() -> None:
    create_table_once(
        "positions",
        sa.Column("account_id", identifier(), primary_key=True),
        sa.Column("video_id", identifier(), primary_key=True),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("duration", sa.Double(), nullable=True),
        sa.Column("updated_at", Instant(), nullable=False),
        indexes={"positions_recent": ["account_id", "updated_at"]},
    )
