"""What comparing the bucket with the rows has found."""

import sqlalchemy as sa
from alembic import op

from common.db import Instant, identifier, long_text

revision = "0056"
down_revision = "0055"


def upgrade() -> None:
    op.create_table(
        "storage_reports",
        sa.Column("id", identifier(), primary_key=True),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("content", long_text(), nullable=False),
    )
