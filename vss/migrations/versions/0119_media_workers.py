"""When a worker has asked last."""

import sqlalchemy as sa
from alembic import op

from common.db import Instant

revision = "0119"
down_revision = "0118"


def upgrade() -> None:
    op.create_table(
        "media_workers",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("asked_at", Instant(), nullable=False),
    )
