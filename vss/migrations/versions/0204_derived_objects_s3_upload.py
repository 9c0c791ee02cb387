"""Derived objects that come in parts."""

import sqlalchemy as sa
from alembic import op

from common.db import binary_text

revision = "0204"
down_revision = "0203"


def upgrade() -> None:
    op.add_column("derived_objects", sa.Column("s3_upload_id", binary_text(1024), nullable=True))
