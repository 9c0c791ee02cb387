"""What comparing the bucket with the rows has found."""

import sqlalchemy as sa

from common.db import Instant, identifier, long_text
from vss.create_once import create_table_once

revision = "00014"
down_revision = "00013"


def upgrade() -> None:
    create_table_once(
        "storage_reports",
        sa.Column("id", identifier(), primary_key=True),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("content", long_text(), nullable=False),
    )
