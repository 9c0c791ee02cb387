"""Until when what was signed for an object can bring bytes; nobody knows it of what was signed before."""

import sqlalchemy as sa
from alembic import op

from common.db import Instant

revision = "0075"
down_revision = "0071"


def upgrade() -> None:
    op.add_column("objects", sa.Column("signed_until", Instant(), nullable=True))
