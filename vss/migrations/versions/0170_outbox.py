"""Events that webhooks tell of."""

import sqlalchemy as sa
from alembic import op

from common.db import Instant, binary_text, identifier, long_text

revision = "0170"
down_revision = "0169"


def upgrade() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", identifier(), primary_key=True),
        sa.Column("owner_id", identifier(), nullable=False),
        sa.Column("type", binary_text(32), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("data", long_text(), nullable=False),
    )
