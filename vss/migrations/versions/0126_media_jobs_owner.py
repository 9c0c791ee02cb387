"""Whose turn a job is."""

import sqlalchemy as sa
from alembic import op

from common.db import identifier

revision = "0126"
down_revision = "0122"


def upgrade() -> None:
    op.add_column("media_jobs", sa.Column("owner_id", identifier(), nullable=False, server_default=""))
