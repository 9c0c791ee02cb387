"""Collections whose videos have another audience."""

import sqlalchemy as sa
from alembic import op

from common.db import Instant, identifier

revision = "0188"
down_revision = "0187"


def upgrade() -> None:
    op.create_table(
        "audience_changes",
        sa.Column("collection_id", identifier(), primary_key=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("after_id", identifier(), nullable=True),
        sa.Column("is_narrower", sa.Boolean(), nullable=False),
    )
