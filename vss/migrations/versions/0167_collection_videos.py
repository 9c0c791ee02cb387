"""Which videos are in which collections, and where."""

import sqlalchemy as sa
from alembic import op

from common.db import identifier

revision = "0167"
down_revision = "0166"


def upgrade() -> None:
    op.create_table(
        "collection_videos",
        sa.Column("collection_id", identifier(), primary_key=True),
        sa.Column("video_id", identifier(), primary_key=True),
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
    )
