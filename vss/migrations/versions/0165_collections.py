"""Collections of videos."""

import sqlalchemy as sa
from alembic import op

from common.db import Instant, binary_text, human_text, identifier, long_text

revision = "0165"
down_revision = "0150"


def upgrade() -> None:
    op.create_table(
        "collections",
        sa.Column("id", identifier(), primary_key=True),
        sa.Column("owner_id", identifier(), nullable=False),
        sa.Column("title", human_text(200), nullable=False),
        sa.Column("title_key", binary_text(200), nullable=False),
        sa.Column("description", long_text(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
    )
