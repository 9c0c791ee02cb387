"""Files of renditions that are to be deleted."""

import sqlalchemy as sa
from alembic import op

from common.db import Instant, identifier

revision = "0207"
down_revision = "0206"


def upgrade() -> None:
    op.create_table(
        "discarded_files",
        sa.Column("id", identifier(), primary_key=True),
        sa.Column("due", Instant(), nullable=False),
    )
