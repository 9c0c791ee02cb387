"""Keys that sign access tokens."""

import sqlalchemy as sa
from alembic import op

from common.db import Instant, identifier, long_text

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "signing_keys",
        sa.Column("id", identifier(), primary_key=True),
        sa.Column("encrypted_private_key", long_text(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
    )
