"""Who did what."""

import sqlalchemy as sa
from alembic import op

from common.db import Instant, binary_text, identifier, long_text

revision = "0040"
down_revision = "0039"


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("id", identifier(), primary_key=True),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("action", binary_text(40), nullable=False),
        sa.Column("actor_id", identifier(), nullable=True),
        sa.Column("target_id", identifier(), nullable=True),
        sa.Column("address", binary_text(64), nullable=False),
        sa.Column("request_id", binary_text(64), nullable=False),
        sa.Column("details", long_text(), nullable=False),
    )
