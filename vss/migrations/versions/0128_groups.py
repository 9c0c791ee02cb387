"""Groups."""

import sqlalchemy as sa
from alembic import op

from common.db import Instant, binary_text, human_text, identifier

revision = "0128"
down_revision = "0127"


def upgrade() -> None:
    op.create_table(
        "groups",
        sa.Column("id", identifier(), primary_key=True),
        sa.Column("name", human_text(64), nullable=False),
        sa.Column("name_key", binary_text(255), nullable=False, unique=True),
        sa.Column("created_at", Instant(), nullable=False),
    )
