"""What workers have made of videos."""

import sqlalchemy as sa
from alembic import op

from common.db import Instant, binary_text, identifier, long_text, size_in_bytes

revision = "0099"
down_revision = "0098"


def upgrade() -> None:
    op.create_table(
        "derived_objects",
        sa.Column("id", identifier(), primary_key=True),
        sa.Column("object_id", identifier(), nullable=False),
        sa.Column("task", binary_text(16), nullable=False),
        sa.Column("state", binary_text(16), nullable=False),
        sa.Column("key_prefix", binary_text(64), nullable=False, unique=True),
        sa.Column("files", long_text(), nullable=False),
        sa.Column("size", size_in_bytes(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("leased_until", Instant(), nullable=False),
        sa.Column("signed_until", Instant(), nullable=False),
    )
